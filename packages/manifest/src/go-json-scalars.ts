import { EncodingError, fromBase64 } from "@carrara/encoding";
import { ManifestError } from "./error.ts";
import { type GoDecoder, refuseType } from "./go-json.ts";
import type { JsonNode } from "./json-node.ts";

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;
const MIN_INT64 = -0x8000_0000_0000_0000n;
const MAX_INT64 = 0x7fff_ffff_ffff_ffffn;
const MAX_EXACT = BigInt(Number.MAX_SAFE_INTEGER);
const DIGITS = /^-?[0-9]+$/;
const TIME =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/;

/** Go `uint64`, all 64 bits. Throws `JSON_NUMBER` for a sign, fraction, exponent or overflow. */
export const goUint64: GoDecoder<bigint> = integer(0n, MAX_UINT64, (value) => value);

/**
 * Go `uint` as a count: values above 2^53-1 read as 2^53-1, which no count, size or threshold can
 * tell from the larger number. Use {@link goUint64} where the exact value is passed on.
 */
export const goUint: GoDecoder<number> = integer(0n, MAX_UINT64, saturate);

/** Go `uint16`. */
export const goUint16: GoDecoder<number> = integer(0n, 0xffffn, Number);

/** Go `int`; beyond ±(2^53-1) it stays there. */
export const goInt: GoDecoder<number> = integer(MIN_INT64, MAX_INT64, saturate);

/**
 * Go `[]byte`: a base64 string (CR and LF skipped, padding required) or an array of numbers 0…255;
 * `null` = empty. Wrap in `goNullable` where `null` and `""` differ.
 */
export const goBytes: GoDecoder<Uint8Array> = {
  zero: new Uint8Array(0),
  read: (node, at) => {
    if (node.kind === "null") return new Uint8Array(0);
    if (node.kind === "string") return decodeGoBase64(node.value, at);
    if (node.kind !== "array") return refuseType(node, at, "base64 or an array of bytes");
    return Uint8Array.from(node.items, (item, i) => BYTE.read(item, `${at}[${i}]`, 0));
  },
};

/** Go `time.Time`: RFC 3339, as loosely as Go (a comma, an offset of 60 minutes). Go's zero time, `null` and absent are `undefined`; below 1 ms is cut. */
export const goTime: GoDecoder<Date | undefined> = {
  zero: undefined,
  read: (node, at, earlier) => {
    if (node.kind === "null") return earlier;
    if (node.kind !== "string") return refuseType(node, at, "an RFC 3339 time");
    const time = parseRfc3339(node.value);
    if (time === undefined) throw new ManifestError("JSON_TYPE", `${at}: not an RFC 3339 time`);
    return time.getTime() === ZERO_TIME ? undefined : time;
  },
};

const BYTE: GoDecoder<number> = integer(0n, 0xffn, Number);
const ZERO_TIME = Date.parse("0001-01-01T00:00:00Z");

/** Base64 as Go's `StdEncoding` reads it: CR and LF are skipped. Throws `JSON_TYPE`. */
export function decodeGoBase64(text: string, at: string): Uint8Array {
  try {
    return fromBase64(text.replace(/[\r\n]/g, ""));
  } catch (cause) {
    if (!(cause instanceof EncodingError)) throw cause;
    throw new ManifestError("JSON_TYPE", `${at}: not standard base64 with padding`, { cause });
  }
}

function integer<T>(min: bigint, max: bigint, convert: (value: bigint) => T): GoDecoder<T> {
  const kind = min < 0n ? "an integer" : "an unsigned integer";
  const read = (node: JsonNode, at: string, earlier: T): T => {
    if (node.kind === "null") return earlier;
    if (node.kind !== "number") return refuseType(node, at, kind);
    const value = parseInteger(node.text, min < 0n);
    if (value === undefined || value < min || value > max) {
      throw new ManifestError("JSON_NUMBER", `${at}: expected ${kind} of at most ${max}`);
    }
    return convert(value);
  };
  return { zero: convert(0n), read };
}

/** 21 characters hold every 64-bit integer; longer digits are refused before they cost time. */
function parseInteger(text: string, signed: boolean): bigint | undefined {
  if (!DIGITS.test(text) || text.length > 21 || (!signed && text.startsWith("-"))) return undefined;
  return BigInt(text);
}

function saturate(value: bigint): number {
  if (value > MAX_EXACT) return Number(MAX_EXACT);
  return Number(value < -MAX_EXACT ? -MAX_EXACT : value);
}

function parseRfc3339(text: string): Date | undefined {
  const [, ...parts] = TIME.exec(text) ?? [];
  if (parts.length === 0) return undefined;
  const part = (index: number) => Number(parts[index] ?? "0");
  const date = new Date(0);
  date.setUTCFullYear(part(0), part(1) - 1, part(2));
  const offsetHours = part(8);
  const offsetMinutes = part(9);
  const valid = date.getUTCMonth() === part(1) - 1 && date.getUTCDate() === part(2) && part(3) < 24;
  if (!valid || part(4) > 59 || part(5) > 59 || offsetHours > 24 || offsetMinutes > 60) {
    return undefined;
  }
  const sign = parts[7] === "-" ? 1 : -1;
  const milliseconds = Number(`${parts[6] ?? ""}000`.slice(0, 3));
  date.setUTCHours(
    part(3),
    part(4) + sign * (offsetHours * 60 + offsetMinutes),
    part(5),
    milliseconds,
  );
  return date;
}
