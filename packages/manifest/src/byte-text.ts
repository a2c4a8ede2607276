/** One code point read from UTF-8 bytes, and how many bytes it took. */
export interface Rune {
  readonly code: number;
  readonly size: number;
  /** False for a byte that starts no valid sequence; `code` is then U+FFFD and `size` 1. */
  readonly valid: boolean;
}

const INVALID: Rune = { code: 0xfffd, size: 1, valid: false };
/** Smallest code point a sequence of so many bytes may carry: shorter forms exist below it. */
const MINIMUM: readonly number[] = [0, 0, 0x80, 0x800, 0x10000];

/**
 * The code point at `offset`, read as Go reads it: every byte that is not part of a valid sequence
 * counts alone as U+FFFD, where the web's decoder replaces a whole broken sequence at once.
 */
export function runeAt(byteAt: (index: number) => number | undefined, offset: number): Rune {
  const first = byteAt(offset) ?? 0;
  if (first < 0x80) return { code: first, size: 1, valid: true };
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return INVALID;
  let code = first & (0xff >> (size + 1));
  for (let i = 1; i < size; i += 1) {
    const next = byteAt(offset + i);
    if (next === undefined || (next & 0xc0) !== 0x80) return INVALID;
    code = (code << 6) | (next & 0x3f);
  }
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < (MINIMUM[size] ?? 0) || code > 0x10ffff || surrogate) return INVALID;
  return { code, size, valid: true };
}

/** Text of UTF-8 bytes with Go's replacement rule; a byte order mark stays. */
export function textOfUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return textOfBrokenUtf8(bytes);
  }
}

function textOfBrokenUtf8(bytes: Uint8Array): string {
  let text = "";
  for (let offset = 0; offset < bytes.length; ) {
    const rune = runeAt((index) => bytes[index], offset);
    text += String.fromCodePoint(rune.code);
    offset += rune.size;
  }
  return text;
}
