import { BallotError, parseReceipt } from "@carrara/ballot";
import { toHex } from "@carrara/encoding";
import { parseCheckpoint, parseNote, TransparencyError } from "@carrara/transparency";

/** What a receipt says; nothing is verified. */
export interface ReceiptFacts {
  readonly poll: string;
  /** The ballot code, 64 hex digits. */
  readonly code: string;
  /** Number of the ballot, from 1, as people count. */
  readonly number: number;
  /** Ballots in the ledger at that time. */
  readonly size: number;
}

/** Reads a receipt for people; undefined for what is none. */
export function describeReceipt(text: string): ReceiptFacts | undefined {
  try {
    const { poll, commitment, proof } = parseReceipt(text);
    const { size } = parseCheckpoint(parseNote(proof.checkpoint).text);
    return { poll, code: toHex(commitment), number: proof.index + 1, size };
  } catch (error) {
    if (error instanceof BallotError || error instanceof TransparencyError) return undefined;
    throw error;
  }
}
