import { createHash } from "node:crypto";
import type { LedgerBallot } from "../core/ballot-record.ts";

/** A ballot made from a number; the same number gives the same ballot. */
export function ballotOf(number: number, changes: Partial<LedgerBallot> = {}): LedgerBallot {
  const bytes = createHash("sha512").update(`ballot ${number}`).digest();
  return {
    ballotId: bytes.subarray(0, 16),
    commitment: bytes.subarray(16, 48),
    pseudonym: bytes.subarray(48, 64),
    choice: 1 + (number % 100),
    ...changes,
  };
}
