/**
 * Characters that a terminal could obey or that make text look like other text: controls (C0, DEL
 * and C1), line and paragraph separators, marks of direction, invisible ones, halves of pairs.
 */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what it is for
  /[\0-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Text of any origin as a terminal may be given it: one line, what could be obeyed as `\uXXXX`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, escapeOf);
}

/** The same for text of several lines; only newlines stay. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
