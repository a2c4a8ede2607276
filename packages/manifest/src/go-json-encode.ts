import { toBase64, utf8 } from "@carrara/encoding";
import { ManifestError } from "./error.ts";

/**
 * What {@link encodeGoJson} writes. A `Map` is a Go map (keys sorted bytewise), a plain object a Go
 * struct (fields in the order they have, `undefined` ones omitted), bytes become base64, `null` is a
 * nil slice, map or pointer, `undefined` inside an array is `null`.
 */
export type GoJsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly (GoJsonValue | undefined)[]
  | ReadonlyMap<string, GoJsonValue | undefined>
  | { readonly [field: string]: GoJsonValue | undefined };

/** Options of {@link encodeGoJson}. */
export interface GoJsonOptions {
  /** Writes `<`, `>` and `&` as `\u003c`, `\u003e`, `\u0026` (default). Off for the update log. */
  readonly escapeHtml?: boolean;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON may not hold them
const PLAIN = /[\u0000-\u001f"\\\u2028\u2029]|\p{Surrogate}/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON may not hold them
const HTML = /[\u0000-\u001f"\\\u2028\u2029<>&]|\p{Surrogate}/gu;
const SHORT: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/**
 * `value` as Go's `encoding/json` writes it (spec marblerun section 0.3): compact, no final newline.
 * Throws `JSON_UNENCODABLE` for a number that is not finite.
 */
export function encodeGoJson(value: GoJsonValue, options?: GoJsonOptions): string {
  return encodeValue(value, options?.escapeHtml === false ? PLAIN : HTML);
}

function encodeValue(value: GoJsonValue, escaped: RegExp): string {
  if (value === null) return "null";
  if (typeof value === "string") return encodeString(value, escaped);
  if (typeof value === "number") return encodeNumber(value);
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return `"${toBase64(value)}"`;
  if (Array.isArray(value)) {
    return `[${value.map((item: GoJsonValue | undefined) => encodeValue(item ?? null, escaped)).join(",")}]`;
  }
  if (value instanceof Map) return encodeMembers(sortedEntries(value), escaped);
  return encodeMembers(Object.entries(value).filter(isPresent), escaped);
}

function isPresent(entry: [string, GoJsonValue | undefined]): boolean {
  return entry[1] !== undefined;
}

function encodeMembers(
  entries: readonly (readonly [string, GoJsonValue | undefined])[],
  escaped: RegExp,
): string {
  const members = entries.map(
    ([key, value]) => `${encodeString(key, escaped)}:${encodeValue(value ?? null, escaped)}`,
  );
  return `{${members.join(",")}}`;
}

/** UTF-8 order is code point order, which JavaScript's own (UTF-16) order is not above U+FFFF. */
function sortedEntries(
  map: ReadonlyMap<string, GoJsonValue | undefined>,
): [string, GoJsonValue | undefined][] {
  return [...map].sort(([a], [b]) => compareUtf8(a, b));
}

/** Compares two texts by their UTF-8 bytes, as Go sorts map keys: below, equal to or above zero. */
export function compareUtf8(a: string, b: string): number {
  const left = utf8(a);
  const right = utf8(b);
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) {
    throw new ManifestError("JSON_UNENCODABLE", "a number is not finite and has no JSON form");
  }
  return Object.is(value, -0) ? "-0" : String(value);
}

function encodeString(text: string, escaped: RegExp): string {
  return `"${text.replace(escaped, escapeCharacter)}"`;
}

function escapeCharacter(character: string): string {
  const short = SHORT.get(character);
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  const shown = code >= 0xd800 && code <= 0xdfff ? 0xfffd : code;
  return `\\u${shown.toString(16).padStart(4, "0")}`;
}
