import { ManifestError } from "../error.ts";
import { textOfBinary } from "./binary-text.ts";

/** The name Go shows in error texts. */
export const TEMPLATE_NAME = "data";

/** Refuses template text; `message` is binary. */
export function failParse(text: string, position: number, message: string): never {
  const shown = `template: ${TEMPLATE_NAME}:${lineOf(text, position)}: ${textOfBinary(message)}`;
  throw new ManifestError("TEMPLATE_PARSE", shown);
}

/** `LINE:COLUMN` of a byte offset as Go counts: lines from 1, columns from 0. */
export function locationOf(text: string, position: number): string {
  return `${lineOf(text, position)}:${position - (text.lastIndexOf("\n", position - 1) + 1)}`;
}

function lineOf(text: string, position: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < position; at = text.indexOf("\n", at + 1)) {
    line += 1;
  }
  return line;
}
