import { concatBytes, utf8 } from "./bytes.ts";
import { DER_TAG } from "./der-tag.ts";

/** One element with the identifier octet `tag` around `content`. */
export function encodeDer(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  return concatBytes(new Uint8Array([tag, ...encodeLength(length)]), ...content);
}

function encodeLength(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 + octets.length, ...octets];
}

/** Two's complement content octets of `value`, minimal. */
function integerOctets(value: bigint): Uint8Array {
  const octets: number[] = [];
  let rest = value;
  do {
    octets.unshift(Number(BigInt.asUintN(8, rest)));
    rest >>= 8n;
  } while (rest !== 0n && rest !== -1n);
  const [first = 0] = octets;
  if (rest === 0n && first >= 0x80) octets.unshift(0);
  if (rest === -1n && first < 0x80) octets.unshift(0xff);
  return new Uint8Array(octets);
}

function twoDigits(value: number): string {
  return value.toString().padStart(2, "0");
}

function oidOctets(dotted: string): Uint8Array {
  const [root = 0n, second = 0n, ...rest] = dotted.split(".").map(BigInt);
  const octets: number[] = [];
  for (const arc of [root * 40n + second, ...rest]) {
    const groups = [Number(arc & 0x7fn)];
    for (let high = arc >> 7n; high > 0n; high >>= 7n) groups.unshift(Number(high & 0x7fn) | 0x80);
    octets.push(...groups);
  }
  return new Uint8Array(octets);
}

/** Writers of DER elements (X.690); each returns the complete element. */
export const der = {
  sequence: (...items: readonly Uint8Array[]): Uint8Array => encodeDer(DER_TAG.sequence, ...items),
  /** Elements are written in the order given; DER wants a SET OF sorted, which is the caller's. */
  set: (...items: readonly Uint8Array[]): Uint8Array => encodeDer(DER_TAG.set, ...items),
  boolean: (value: boolean): Uint8Array =>
    encodeDer(DER_TAG.boolean, new Uint8Array([value ? 0xff : 0])),
  integer: (value: bigint | number): Uint8Array =>
    encodeDer(DER_TAG.integer, integerOctets(BigInt(value))),
  enumerated: (value: number): Uint8Array =>
    encodeDer(DER_TAG.enumerated, integerOctets(BigInt(value))),
  oid: (dotted: string): Uint8Array => encodeDer(DER_TAG.oid, oidOctets(dotted)),
  octetString: (bytes: Uint8Array): Uint8Array => encodeDer(DER_TAG.octetString, bytes),
  bitString: (bytes: Uint8Array, unusedBits = 0): Uint8Array =>
    encodeDer(DER_TAG.bitString, new Uint8Array([unusedBits]), bytes),
  null: (): Uint8Array => encodeDer(DER_TAG.null),
  utf8String: (text: string): Uint8Array => encodeDer(DER_TAG.utf8String, utf8(text)),
  printableString: (text: string): Uint8Array => encodeDer(DER_TAG.printableString, utf8(text)),
  ia5String: (text: string): Uint8Array => encodeDer(DER_TAG.ia5String, utf8(text)),
  /** UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280 section 4.1.2.5). */
  time: (date: Date): Uint8Array => {
    const year = date.getUTCFullYear();
    const rest = [
      date.getUTCMonth() + 1,
      date.getUTCDate(),
      date.getUTCHours(),
      date.getUTCMinutes(),
      date.getUTCSeconds(),
    ]
      .map(twoDigits)
      .join("");
    return year >= 1950 && year < 2050
      ? encodeDer(DER_TAG.utcTime, utf8(`${twoDigits(year % 100)}${rest}Z`))
      : encodeDer(DER_TAG.generalizedTime, utf8(`${year.toString().padStart(4, "0")}${rest}Z`));
  },
  /** `[n] EXPLICIT` or any other constructed context tag. */
  context: (n: number, ...items: readonly Uint8Array[]): Uint8Array =>
    encodeDer(0xa0 + n, ...items),
  /** `[n] IMPLICIT` over a primitive type. */
  contextPrimitive: (n: number, bytes: Uint8Array): Uint8Array => encodeDer(0x80 + n, bytes),
};
