import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { type ApiError, reasonOf } from "../api/api-error.ts";
import type { Emoji } from "../api/emoji.ts";
import type { CastResult } from "../ballot/cast-ballot.ts";
import type { PreparedBallot } from "../ballot/prepare-ballot.ts";
import { useWords } from "../i18n/language.tsx";
import { emojiName } from "../ui/emoji-name.ts";
import { ViewHeading } from "../ui/view-heading.tsx";
import { ViewLink } from "../ui/view-link.tsx";

/** Why a vote was not counted, as far as this side knows. */
export type Trouble =
  | Exclude<CastResult, { readonly kind: "counted" }>
  /** Nothing was sent. */
  | { readonly kind: "unsent"; readonly error: ApiError };

/** The emoji that the first version of the voting service refuses. */
const DOUGHNUT = ":doughnut:";

/**
 * What the original's API answers to the doughnut (`ERROR`). The sealed answer comes with 200 whatever
 * is in it, so that nobody on the way learns of it.
 */
const REFUSED_STATUS = "500";

/** Shown after a vote that failed, with the status that the service really gave. */
export function HazardView({
  emoji,
  trouble,
  isBusy,
  onRetry,
  onAgain,
}: {
  readonly emoji: Emoji;
  readonly trouble: Trouble;
  readonly isBusy: boolean;
  readonly onRetry: (emoji: Emoji, ballot: PreparedBallot) => void;
  readonly onAgain: () => void;
}): JSX.Element {
  const { text } = useWords();
  useEffect(() => {
    document.documentElement.classList.add("hazard");
    return () => {
      document.documentElement.classList.remove("hazard");
    };
  }, []);
  const uncertain = trouble.kind === "failed" && trouble.isUncertain ? trouble.ballot : undefined;
  return (
    <section class="card centred failed">
      <ViewHeading takesFocus>{useTitle(trouble)}</ViewHeading>
      <div class="headline" aria-hidden="true">
        🚧
      </div>
      <Reason emoji={emoji} trouble={trouble} />
      <div class="actions">
        {uncertain !== undefined && (
          <button
            type="button"
            class="pill"
            aria-disabled={isBusy}
            onClick={() => onRetry(emoji, uncertain)}
          >
            {text("hazard.retry")}
          </button>
        )}
        {trouble.kind === "untrusted" && (
          <ViewLink to="/verify">{text("hazard.untrusted.link")}</ViewLink>
        )}
        <button
          type="button"
          class={uncertain === undefined && trouble.kind !== "untrusted" ? "pill" : "pill outlined"}
          onClick={onAgain}
        >
          {text("hazard.again")}
        </button>
      </div>
    </section>
  );
}

function useTitle(trouble: Trouble): string {
  const { text } = useWords();
  switch (trouble.kind) {
    case "refused":
      return REFUSED_STATUS;
    case "alreadyVoted":
      return text("hazard.twice.title");
    case "closed":
      return text("hazard.closed.title");
    case "untrusted":
      return text("hazard.untrusted.title");
    case "failed":
    case "unsent":
      return trouble.error.status > 0 ? String(trouble.error.status) : text("hazard.offline");
  }
}

function Reason({
  emoji,
  trouble,
}: {
  readonly emoji: Emoji;
  readonly trouble: Trouble;
}): JSX.Element {
  const { text } = useWords();
  const lines = ((): readonly [string, string] => {
    const failed = text("hazard.failed", { name: emojiName(emoji.shortcode) });
    switch (trouble.kind) {
      case "refused":
        if (emoji.shortcode !== DOUGHNUT) return [failed, text("hazard.notCounted")];
        return [text("hazard.doughnut"), text("hazard.doughnut.note")];
      case "alreadyVoted":
        return [text("hazard.twice"), text("hazard.notCounted")];
      case "closed":
        return [text("hazard.closed"), text("hazard.notCounted")];
      case "untrusted":
        return [text("hazard.untrusted"), ""];
      case "failed":
      case "unsent": {
        const isUncertain = trouble.kind === "failed" && trouble.isUncertain;
        const reason = capital(reasonOf(trouble.error, text));
        return [
          failed,
          `${reason}. ${text(isUncertain ? "hazard.uncertain" : "hazard.notCounted")}`,
        ];
      }
    }
  })();
  return (
    <>
      <p class="lead">{lines[0]}</p>
      {lines[1] !== "" && <p class="note">{lines[1]}</p>}
    </>
  );
}

function capital(sentence: string): string {
  return `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}`;
}
