import { LedgerError, type LedgerErrorCode } from "./error.ts";
import type { LedgerStatus } from "./ledger.ts";

/** Failures of the disk or the database that a later try may not have. */
const TRANSIENT: ReadonlySet<LedgerErrorCode> = new Set([
  "LEDGER_WRITE_FAILED",
  "LEDGER_STORE_FAILED",
]);

/** Whether the next group may be tried all the same. */
export function isTransient(error: unknown): boolean {
  return error instanceof LedgerError && TRANSIENT.has(error.code);
}

/** The code of an error, `INTERNAL` for what is none of ours. */
export function codeOf(error: unknown): string {
  return error instanceof LedgerError ? error.code : "INTERNAL";
}

/** An error as those whose ballots it hit are told of it. */
export function asWriteError(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error;
  return new LedgerError("LEDGER_WRITE_FAILED", "a group could not be written", { cause: error });
}

/** The refusal of a ledger that takes nothing any more. */
export function readOnlyError({
  reason,
}: Extract<LedgerStatus, { kind: "readOnly" }>): LedgerError {
  return new LedgerError("LEDGER_READ_ONLY", `the ledger is read-only: ${reason}`);
}
