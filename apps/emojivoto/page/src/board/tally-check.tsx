import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { asApiError, reasonOf } from "../api/api-error.ts";
import { createBallotRoutes } from "../api/ballot-routes.ts";
import { type Board, loadBoard } from "../api/board.ts";
import { useWords, type Words } from "../i18n/language.tsx";
import { loadTools } from "../trust/load-tools.ts";
import { useTrust } from "../trust/trust.tsx";
import { Mark } from "../ui/mark.tsx";
import { useAction } from "../ui/use-action.ts";
import type { BoardCheck } from "./check-board.ts";

/** Checks the tally that the voting service signed, and whether the page shows the same. */
export function TallyCheck({ board }: { readonly board: Board }): JSX.Element {
  const words = useWords();
  const { text } = words;
  const { verified } = useTrust();
  const [check, setCheck] = useState<BoardCheck>();
  const { isBusy, run } = useAction(async () => {
    const { checkBoard } = await loadTools();
    try {
      const { logKey } = (await verified()).report.facts;
      if (logKey === undefined) {
        setCheck({ kind: "bad", reason: text("check.unattested") });
        return;
      }
      const note = await createBallotRoutes().tally();
      const found = await checkBoard(note, logKey, board);
      // Votes come in between: the standings as of the tally, once more.
      setCheck(found.kind === "older" ? await checkBoard(note, logKey, await loadBoard()) : found);
    } catch (error) {
      setCheck({ kind: "bad", reason: reasonOf(asApiError(error), text) });
    }
  });
  return (
    <div class="tally" role="status">
      {check !== undefined && <Outcome check={check} shown={board.treeSize} words={words} />}
      <button type="button" class="link-button" aria-disabled={isBusy} onClick={() => run()}>
        {text(isBusy ? "board.tally.checking" : "board.tally")}
      </button>
    </div>
  );
}

function Outcome({
  check,
  shown,
  words: { text, number },
}: {
  readonly check: BoardCheck;
  /** Ballots of the standings that the page shows by now. */
  readonly shown: number;
  readonly words: Words;
}): JSX.Element {
  if (check.kind === "bad") {
    return (
      <p class="tally-outcome failed">
        <Mark verdict="failed" /> {text("board.tally.bad", { reason: check.reason })}
      </p>
    );
  }
  const size = number(check.size);
  if (check.kind === "differs") {
    return (
      <p class="tally-outcome failed">
        <Mark verdict="failed" /> {text("board.tally.differs")}
      </p>
    );
  }
  // The page is live: what was the same is not what one sees once votes have come in.
  const isSame = check.kind === "same" && check.size === shown;
  return (
    <p class="tally-outcome">
      <Mark verdict="ok" /> {text("board.tally.good", { size })}{" "}
      {text(isSame ? "board.tally.same" : "board.tally.older")}
    </p>
  );
}
