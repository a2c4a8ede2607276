import { TeeError } from "../error.ts";

/** What a person can do, by errno name. */
export type Hints = Readonly<Record<string, string>>;

/** The errno name of a failed file call, like `ENOENT`; undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

/** `EVIDENCE_IO` for a failed file call, with the hint that fits; every other error unchanged. */
export function ioError(action: string, cause: unknown, hints: Hints = {}): unknown {
  const errno = errnoOf(cause);
  if (errno === undefined) return cause;
  const hint = hints[errno];
  const message = `${action} failed with ${errno}${hint === undefined ? "" : `: ${hint}`}`;
  return new TeeError("EVIDENCE_IO", message, { cause });
}
