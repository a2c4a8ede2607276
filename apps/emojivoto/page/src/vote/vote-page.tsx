import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { asApiError } from "../api/api-error.ts";
import { createBallotRoutes } from "../api/ballot-routes.ts";
import type { Emoji } from "../api/emoji.ts";
import type { CastResult } from "../ballot/cast-ballot.ts";
import type { PreparedBallot } from "../ballot/prepare-ballot.ts";
import { choiceNumbers } from "../gen/choices.ts";
import { keepReceipt } from "../receipts/receipt-store.ts";
import { loadTools } from "../trust/load-tools.ts";
import { useTrust } from "../trust/trust.tsx";
import { readStored, writeStored } from "../ui/stored.ts";
import { useAction } from "../ui/use-action.ts";
import { wait } from "../ui/wait.ts";
import { AuditView } from "./audit-view.tsx";
import { BallotView } from "./ballot-view.tsx";
import { ChooseView } from "./choose-view.tsx";
import { HazardView, type Trouble } from "./hazard-view.tsx";
import { ThanksView } from "./thanks-view.tsx";

type Stage =
  | { readonly kind: "choosing"; readonly returned: boolean }
  | { readonly kind: "deciding"; readonly emoji: Emoji; readonly ballot?: PreparedBallot }
  | {
      readonly kind: "auditing";
      readonly emoji: Emoji;
      readonly code: string;
      readonly opening: string;
    }
  | {
      readonly kind: "voted";
      readonly emoji: Emoji;
      readonly receipt: string;
      readonly isProven: boolean;
    }
  | { readonly kind: "failed"; readonly emoji: Emoji; readonly trouble: Trouble };

/** Set when one tap casts the vote. */
const QUICK_KEY = "carrara.quick";

/** The view `/`: choose, cast or audit, then thanks or the hazard page. */
export function VotePage(): JSX.Element {
  const [stage, setStage] = useState<Stage>({ kind: "choosing", returned: false });
  const [isQuick, setQuick] = useState(readStored(QUICK_KEY) === "1");
  const { verified, refresh, isUnaccepted } = useTrust();

  const show = (next: Stage): void => {
    setStage(next);
    scrollTo(0, 0);
  };
  const again = (): void => show({ kind: "choosing", returned: true });
  // Back, and the link to this page, lead from a ballot to the emoji and not out of the poll.
  useEffect(() => {
    const back = (): void => setStage({ kind: "choosing", returned: true });
    addEventListener("popstate", back);
    return () => {
      removeEventListener("popstate", back);
    };
  }, []);
  const quicken = (quick: boolean): void => {
    writeStored(QUICK_KEY, quick ? "1" : undefined);
    setQuick(quick);
  };

  const send = async (emoji: Emoji, ballot: PreparedBallot): Promise<void> => {
    const { castBallot } = await loadTools();
    const tools = { send: createBallotRoutes().cast, refresh, wait };
    show(stageOf(emoji, await castBallot(ballot, tools)));
  };

  const choosing = useAction(async (emoji: Emoji) => {
    if (!isQuick) {
      history.pushState(null, "", location.pathname);
      show({ kind: "deciding", emoji });
    }
    try {
      const { prepareBallot } = await loadTools();
      const choice = choiceNumbers[emoji.shortcode] ?? 0;
      const evidence = await verified();
      const ballot = await prepareBallot(evidence, { choice });
      // The quick way is for what the voter knows: a change is shown before anything is sent.
      if (!isQuick) setStage((now) => (isFor(now, emoji) ? { ...now, ballot } : now));
      else if (await isUnaccepted(evidence)) show({ kind: "deciding", emoji, ballot });
      else await send(emoji, ballot);
    } catch (error) {
      show({ kind: "failed", emoji, trouble: troubleOf(error) });
    }
  });
  const casting = useAction(async (emoji: Emoji, ballot: PreparedBallot) => {
    try {
      await send(emoji, ballot);
    } catch (error) {
      show({ kind: "failed", emoji, trouble: troubleOf(error) });
    }
  });
  const auditing = useAction(async (emoji: Emoji, ballot: PreparedBallot) => {
    const { openingOf } = await loadTools();
    show({ kind: "auditing", emoji, code: ballot.code, opening: openingOf(ballot) });
  });

  switch (stage.kind) {
    case "choosing":
      return (
        <ChooseView
          isBusy={choosing.isBusy}
          returned={stage.returned}
          isQuick={isQuick}
          onQuick={quicken}
          onChoose={choosing.run}
        />
      );
    case "deciding":
      return (
        <BallotView
          emoji={stage.emoji}
          ballot={stage.ballot}
          isBusy={casting.isBusy}
          isQuick={isQuick}
          onQuick={quicken}
          onCast={casting.run}
          onAudit={auditing.run}
          onBack={again}
        />
      );
    case "auditing":
      return (
        <AuditView emoji={stage.emoji} code={stage.code} opening={stage.opening} onAgain={again} />
      );
    case "voted":
      return (
        <ThanksView
          emoji={stage.emoji}
          receipt={stage.receipt}
          isProven={stage.isProven}
          onAgain={again}
        />
      );
    case "failed":
      return (
        <HazardView
          emoji={stage.emoji}
          trouble={stage.trouble}
          isBusy={casting.isBusy}
          onRetry={casting.run}
          onAgain={again}
        />
      );
  }
}

function isFor(stage: Stage, emoji: Emoji): stage is Extract<Stage, { kind: "deciding" }> {
  return stage.kind === "deciding" && stage.emoji.shortcode === emoji.shortcode;
}

/** What is shown after a cast. The receipt is kept before anything else. */
function stageOf(emoji: Emoji, result: CastResult): Stage {
  if (result.kind !== "counted") return { kind: "failed", emoji, trouble: result };
  keepReceipt(result.receipt, new Date());
  return { kind: "voted", emoji, receipt: result.receipt, isProven: result.isProven };
}

/** Before anything was sent: the ballot is not counted for sure. */
function troubleOf(error: unknown): Trouble {
  if (error instanceof Error && error.name === "EvidenceRefusedError") return { kind: "untrusted" };
  return { kind: "unsent", error: asApiError(error) };
}
