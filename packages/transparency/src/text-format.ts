import { fromBase64, toBase64 } from "@carrara/encoding";

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;
/** Below U+0020 except newline, and halves of surrogate pairs, which no UTF-8 has. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const FORBIDDEN = /[\u0000-\u0009\u000b-\u001f]|\p{Surrogate}/u;
const SPACE_OR_PLUS = /[\p{White_Space}+]/u;

/** Number of a decimal text without leading zeroes, at most 2^53 - 1; undefined for any other text. */
export function readDecimal(text: string): number | undefined {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Bytes of canonical base64: padded, unused bits zero; undefined for any other text. */
export function readBase64(text: string): Uint8Array | undefined {
  try {
    const bytes = fromBase64(text);
    return toBase64(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a signed note may hold `text`: whole characters, of control characters only newlines. */
export function isNoteText(text: string): boolean {
  return !FORBIDDEN.test(text);
}

/** Whether `name` may name a key: not empty, no spaces, no plus, no control characters. */
export function isKeyName(name: string): boolean {
  return name !== "" && !SPACE_OR_PLUS.test(name) && isNoteText(name);
}
