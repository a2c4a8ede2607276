import { binaryOfRune, runeOf, runesOf } from "./binary-text.ts";

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
]);
const ESCAPE =
  /^(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abfnrtv\\'"]))/;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** One element of a quoted literal: its bytes as binary text, its code, and the characters it took. */
interface Unquoted {
  readonly value: string;
  readonly code: number;
  readonly size: number;
}

/** The binary text inside a Go string literal `"…"` or a raw one; `undefined` when it is malformed. */
export function unquoteString(literal: string): string | undefined {
  if (literal.startsWith("`")) return literal.slice(1, -1).replaceAll("\r", "");
  let value = "";
  for (let at = 1; at < literal.length - 1; ) {
    const element = unquoteElement(literal, at, '"');
    if (element === undefined) return undefined;
    value += element.value;
    at += element.size;
  }
  return value;
}

/** The code point of a Go character literal `'…'`; `undefined` when it is malformed. */
export function unquoteCharacter(literal: string): number | undefined {
  const element = unquoteElement(literal, 1, "'");
  return element !== undefined && element.size === literal.length - 2 ? element.code : undefined;
}

function unquoteElement(text: string, at: number, quote: string): Unquoted | undefined {
  const character = text.charAt(at);
  if (character === quote || character === "\n") return undefined;
  if (character === "\\") return unquoteEscape(text, at, quote);
  const { code, size } = runeOf(text, at);
  return { value: text.slice(at, at + size), code, size };
}

function unquoteEscape(text: string, at: number, quote: string): Unquoted | undefined {
  const [all, hex, octal, short, long, letter] = ESCAPE.exec(text.slice(at + 1, at + 10)) ?? [];
  if (all === undefined) return undefined;
  const size = all.length + 1;
  if (letter !== undefined) {
    const value = letter === quote ? quote : ESCAPES.get(letter);
    return value === undefined ? undefined : { value, code: value.charCodeAt(0), size };
  }
  const byte = hex ?? octal;
  if (byte !== undefined) {
    const code = Number.parseInt(byte, hex === undefined ? 8 : 16);
    return code > 0xff ? undefined : { value: String.fromCharCode(code), code, size };
  }
  const code = Number.parseInt(short ?? long ?? "", 16);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  return { value: binaryOfRune(code), code, size };
}

/** Binary text as a Go string literal (`%q`; ASCII only in `%+q`), itself binary. */
export function quoteString(text: string, asciiOnly = false): string {
  let quoted = '"';
  let at = 0;
  for (const { code, size, valid } of runesOf(text)) {
    quoted += valid ? quoteRune(code, '"', asciiOnly) : `\\x${hexOf(text.charCodeAt(at), 2)}`;
    at += size;
  }
  return `${quoted}"`;
}

/** A code point as a Go character literal, binary. */
export function quoteCharacter(code: number, asciiOnly = false): string {
  return `'${quoteRune(code, "'", asciiOnly)}'`;
}

function quoteRune(code: number, quote: string, asciiOnly: boolean): string {
  const character = String.fromCodePoint(code);
  if (character === quote || character === "\\") return `\\${character}`;
  if (isPrintable(code) && !(asciiOnly && code > 0x7f)) return binaryOfRune(code);
  for (const [letter, value] of ESCAPES) if (value === character) return `\\${letter}`;
  if (code < 0x20 || code === 0x7f) return `\\x${hexOf(code, 2)}`;
  return code < 0x10000 ? `\\u${hexOf(code, 4)}` : `\\U${hexOf(code, 8)}`;
}

/** Whether Go's `unicode.IsPrint` holds. */
export function isPrintable(code: number): boolean {
  return PRINTABLE.test(String.fromCodePoint(code));
}

/** A code point as Go's `%#U`: `U+002D '-'`, binary. */
export function describeRune(code: number): string {
  const shown = isPrintable(code) ? ` '${binaryOfRune(code)}'` : "";
  return `U+${hexOf(code, 4).toUpperCase()}${shown}`;
}

function hexOf(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
