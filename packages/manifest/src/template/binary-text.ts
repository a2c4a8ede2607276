import { type Rune, runeAt } from "../byte-text.ts";

/**
 * Go strings are bytes. The engine keeps them as text with one character (U+0000…U+00FF) a byte, so
 * that lengths, indices and comparisons are those of Go and arbitrary bytes pass unchanged.
 */
export function binaryOfBytes(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  }
  return text;
}

/** Characters handed to `String.fromCharCode` at once: below every engine's argument limit. */
const CHUNK = 8192;

/** The bytes of a binary text. */
export function bytesOfBinary(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Binary text of ordinary text: its UTF-8 bytes. */
export function binaryOfText(text: string): string {
  return binaryOfBytes(new TextEncoder().encode(text));
}

/** Ordinary text of binary text, for messages; broken UTF-8 becomes U+FFFD. */
export function textOfBinary(text: string): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOfBinary(text));
}

/** The code point at `offset` of a binary text, by Go's rules. */
export function runeOf(text: string, offset: number): Rune {
  return runeAt((index) => (index < text.length ? text.charCodeAt(index) : undefined), offset);
}

/** The code points of a binary text, one after the other. */
export function* runesOf(text: string): Generator<Rune> {
  for (let offset = 0; offset < text.length; ) {
    const rune = runeOf(text, offset);
    yield rune;
    offset += rune.size;
  }
}

/** How many code points a binary text has. */
export function runeCount(text: string): number {
  let count = 0;
  for (let offset = 0; offset < text.length; offset += runeOf(text, offset).size) count += 1;
  return count;
}

/** Binary text of one code point; what is none becomes U+FFFD, as in Go. */
export function binaryOfRune(code: number): string {
  const isRune = code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return binaryOfText(String.fromCodePoint(isRune ? code : 0xfffd));
}
