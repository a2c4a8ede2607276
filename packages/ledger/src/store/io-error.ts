import { LedgerError } from "../error.ts";

/** What systems say when there is no room: nothing is wrong with what was written before. */
const DISK_FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Whether an operation failed for want of room alone. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && DISK_FULL.has(String(error.code));
}

/** A write of which nothing may be acknowledged. */
export function writeError(what: string, cause: unknown): LedgerError {
  return new LedgerError("LEDGER_WRITE_FAILED", what, { cause });
}

/** Runs a step against a store; whatever it throws but our own becomes `LEDGER_STORE_FAILED`. */
export async function asStoreError<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof LedgerError) throw cause;
    const what = `the ledger's store does not answer${codeOf(cause)}`;
    throw new LedgerError("LEDGER_STORE_FAILED", what, { cause });
  }
}

/** The system's or the database's own code, such as `EROFS`: their texts name paths and hosts. */
function codeOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return /^[A-Z0-9_]{1,40}$/.test(code) ? `: ${code}` : "";
}
