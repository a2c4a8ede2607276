import { BallotError, type Tally, verifyTally } from "@carrara/ballot";
import { TransparencyError, type VerifierKey } from "@carrara/transparency";
import type { Board } from "../api/board.ts";
import { choiceNumbers } from "../gen/choices.ts";

/** How the standings compare with the signed tally. */
export type BoardCheck =
  | { readonly kind: "same" | "older" | "differs"; readonly size: number }
  | { readonly kind: "bad"; readonly reason: string };

/** Verifies a tally with the attested log key, and compares the standings where they are of the same ledger size. */
export async function checkBoard(
  note: string,
  logKey: VerifierKey,
  board: Board,
): Promise<BoardCheck> {
  try {
    const tally = await verifyTally(note, logKey);
    const { size } = tally;
    if (size !== board.treeSize) return { kind: "older", size };
    return { kind: isSame(tally, board) ? "same" : "differs", size };
  } catch (error) {
    if (!(error instanceof BallotError || error instanceof TransparencyError)) throw error;
    return { kind: "bad", reason: error.message };
  }
}

function isSame({ counted, votes }: Tally, { results, total }: Board): boolean {
  const signed = new Map(votes.map((row) => [row.choice, row.votes]));
  const shown = new Map(results.map((row) => [choiceNumbers[row.shortcode] ?? 0, row.votes]));
  return (
    counted === total &&
    signed.size === shown.size &&
    [...signed].every(([choice, count]) => shown.get(choice) === count)
  );
}
