import { AttestationError } from "@carrara/attestation";
import { BallotError } from "@carrara/ballot";
import { ClientError, isNotTrusted } from "@carrara/client";
import { TransparencyError } from "@carrara/transparency";
import { CliError } from "./cli-error.ts";
import { printableLines } from "./printable.ts";

/** Exit codes of every command; scripts depend on them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notTrusted: 3,
  unreachable: 4,
} as const;

/** Any of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Codes of other rooms that mean: nobody answered. */
const UNREACHABLE: ReadonlySet<string> = new Set(["UNREACHABLE", "COLLATERAL_UNAVAILABLE"]);

/** Codes of this room that mean: somebody answered and is not what was promised. */
const NOT_TRUSTED: ReadonlySet<string> = new Set([
  "MANIFEST_MISMATCH",
  "ROOT_CHANGED",
  "LOG_KEY_UNKNOWN",
  "EVIDENCE_REFUSED",
  "CHECKPOINT_EARLIER",
]);

/** Codes of the rooms below that mean: this is no file of the kind, so nothing was checked. */
const MALFORMED = /_MALFORMED$/;

/** The exit code that `error` ends the program with. */
export function exitCodeOf(error: unknown): ExitCode {
  const code = errorCodeOf(error);
  if (UNREACHABLE.has(code)) return EXIT.unreachable;
  if (error instanceof ClientError) {
    if (error.code === "HOST_INVALID") return EXIT.usage;
    return isNotTrusted(error.code) ? EXIT.notTrusted : EXIT.failed;
  }
  if (error instanceof CliError) {
    if (error.code === "USAGE") return EXIT.usage;
    return NOT_TRUSTED.has(error.code) ? EXIT.notTrusted : EXIT.failed;
  }
  if (error instanceof BallotError || error instanceof TransparencyError) {
    return MALFORMED.test(error.code) ? EXIT.failed : EXIT.notTrusted;
  }
  return error instanceof AttestationError ? EXIT.notTrusted : EXIT.failed;
}

/** The error's own code, `INTERNAL` when it has none. */
function errorCodeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string")
    return error.code;
  return "INTERNAL";
}

/** The line that goes to standard error: `Error: CODE: message`. */
export function errorLine(error: unknown): string {
  return `Error: ${errorCodeOf(error)}: ${printableLines(messageOf(error))}\n`;
}

/** The document that goes to standard output where results are JSON, on one line as they are. */
export function errorJson(error: unknown): string {
  return `${printableLines(JSON.stringify({ error: failureOf(error) }))}\n`;
}

/** What went wrong, for programs. */
export function failureOf(error: unknown): { readonly code: string; readonly message: string } {
  return { code: errorCodeOf(error), message: messageOf(error) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
