import type { ResultAssurance } from "./assurance.ts";
import type { CliIo } from "./cli-io.ts";
import { printable } from "./printable.ts";

/** What a command has found out, for people and for programs. */
export interface Report {
  /** Printed as is, with a final newline added. */
  readonly text: string;
  /** Fields of the JSON document, in this order; bytes go in as hex or base64 text. */
  readonly json: Readonly<Record<string, unknown>>;
  /** First in the JSON document; absent for results that rest on no evidence by nature. */
  readonly assurance?: ResultAssurance;
}

/** Writes `report` to standard output: text, or with `--json` exactly one JSON document. */
export function writeReport(io: CliIo, options: { readonly json: boolean }, report: Report): void {
  const { assurance, json, text } = report;
  const document = assurance === undefined ? json : { assurance, ...json };
  io.stdout(options.json ? `${printable(JSON.stringify(document))}\n` : `${text}\n`);
}
