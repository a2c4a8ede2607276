import { toHex } from "./bytes.ts";
import { DER_TAG } from "./der-tag.ts";
import { EncodingError } from "./error.ts";

/** Longest INTEGER that is read, in octets: X.509 needs 20, numbers of ECDSA on P-521 66. */
const MAX_INTEGER_OCTETS = 128;

/** One DER element. Both byte fields are views of the input. */
export interface DerNode {
  /** Identifier octet: class, constructed bit and number. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Identifier, length and content. */
  readonly raw: Uint8Array;
}

function malformed(message: string): EncodingError {
  return new EncodingError("DER_MALFORMED", message);
}

/**
 * Reads a row of DER elements one after the other; strict: definite lengths, minimal length
 * encoding, single-octet tags. It never recurses, so nesting costs nothing that the caller does
 * not ask for. Every method throws `DER_MALFORMED`.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  /** Reads the elements in `bytes`, which are viewed, not copied. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** The next element's identifier octet without taking it; undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#offset];
  }

  /** Takes the next element, which must have the tag `tag` when one is given. */
  read(tag?: number): DerNode {
    const start = this.#offset;
    const found = this.#bytes[start];
    const first = this.#bytes[start + 1];
    if (found === undefined || first === undefined) throw malformed("element is cut off");
    if ((found & 0x1f) === 0x1f) throw malformed("tag numbers above 30 are not used in X.509");
    if (tag !== undefined && found !== tag) {
      throw malformed(`tag 0x${found.toString(16)} found, 0x${tag.toString(16)} needed`);
    }
    let contentStart = start + 2;
    let length = first;
    if (first >= 0x80) {
      const octets = first - 0x80;
      if (octets === 0 || octets > 4) throw malformed("length is indefinite or above 4 octets");
      length = 0;
      for (let i = 0; i < octets; i += 1) {
        const octet = this.#bytes[contentStart];
        if (octet === undefined) throw malformed("length is cut off");
        length = length * 256 + octet;
        contentStart += 1;
      }
      if (length < 0x80 || length < 256 ** (octets - 1)) throw malformed("length is not minimal");
    }
    const end = contentStart + length;
    if (end > this.#bytes.length) throw malformed("content is cut off");
    this.#offset = end;
    return {
      tag: found,
      content: this.#bytes.subarray(contentStart, end),
      raw: this.#bytes.subarray(start, end),
    };
  }

  /** Takes the next element if it has the tag `tag`. */
  readOptional(tag: number): DerNode | undefined {
    return this.nextTag === tag ? this.read(tag) : undefined;
  }

  /** Takes the next element with `tag` (a SEQUENCE unless given) and reads inside it. */
  enter(tag: number = DER_TAG.sequence): DerReader {
    return new DerReader(this.read(tag).content);
  }

  /** Refuses bytes after the last element. */
  end(): void {
    if (!this.done) throw malformed("bytes after the last element");
  }
}

/** The single element that `bytes` consist of; nothing may follow it. Throws `DER_MALFORMED`. */
export function readDer(bytes: Uint8Array, tag?: number): DerNode {
  const reader = new DerReader(bytes);
  const node = reader.read(tag);
  reader.end();
  return node;
}

/** Value of an INTEGER or ENUMERATED node. Throws `DER_MALFORMED` when not minimal or over 128 octets. */
export function derInteger(node: DerNode): bigint {
  const [first, second] = node.content;
  if (first === undefined) throw malformed("integer without octets");
  if (node.content.length > MAX_INTEGER_OCTETS) {
    throw malformed(`integer has ${node.content.length} octets, ${MAX_INTEGER_OCTETS} allowed`);
  }
  if (second !== undefined && (first === 0 ? second < 0x80 : first === 0xff && second >= 0x80)) {
    throw malformed("integer is not minimal");
  }
  const value = BigInt(`0x${toHex(node.content)}`);
  return first >= 0x80 ? value - (1n << BigInt(8 * node.content.length)) : value;
}

/** Value of a BOOLEAN node; DER knows 0x00 and 0xff only. */
export function derBoolean(node: DerNode): boolean {
  const [value] = node.content;
  if (node.content.length !== 1 || (value !== 0 && value !== 0xff)) {
    throw malformed("boolean is neither 00 nor ff");
  }
  return value === 0xff;
}

/** Dotted text of an OBJECT IDENTIFIER node. */
export function derOid(node: DerNode): string {
  const { content } = node;
  if (content.length === 0 || content.length > 64) throw malformed("oid has 0 or over 64 octets");
  const arcs: bigint[] = [];
  let arc = 0n;
  let fresh = true;
  for (const octet of content) {
    if (fresh && octet === 0x80) throw malformed("oid arc is not minimal");
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    fresh = octet < 0x80;
    if (fresh) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const [first] = arcs;
  if (!fresh || first === undefined) throw malformed("oid is cut off");
  const root = first < 40n ? 0n : first < 80n ? 1n : 2n;
  return [root, first - root * 40n, ...arcs.slice(1)].join(".");
}

/** Bits of a BIT STRING node as bytes (a view), with the count of unused bits in the last one. */
export function derBitString(node: DerNode): { bytes: Uint8Array; unusedBits: number } {
  const [unusedBits] = node.content;
  const bytes = node.content.subarray(1);
  const last = bytes.at(-1);
  if (unusedBits === undefined || unusedBits > 7 || (last === undefined && unusedBits > 0)) {
    throw malformed("bit string has a wrong count of unused bits");
  }
  if (last !== undefined && (last & ((1 << unusedBits) - 1)) !== 0) {
    throw malformed("unused bits of a bit string are not zero");
  }
  return { bytes, unusedBits };
}

const UTC_TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;

/** Date of a UTCTime or GeneralizedTime node in the form of RFC 5280 section 4.1.2.5. */
export function derTime(node: DerNode): Date {
  const text = String.fromCharCode(...node.content.subarray(0, 20));
  const utc = node.tag === DER_TAG.utcTime;
  if (!utc && node.tag !== DER_TAG.generalizedTime) throw malformed("not a time");
  const match = (utc ? UTC_TIME : GENERALIZED_TIME).exec(text);
  if (match === null || text.length !== node.content.length) throw malformed("time is malformed");
  const [y = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const year = utc ? (y < 50 ? 2000 + y : 1900 + y) : y;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const exact =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  if (!exact) throw malformed("time does not exist");
  return date;
}
