import { concatBytes, toHex, utf8 } from "@carrara/encoding";

/** One CBOR data item (RFC 8949). Byte fields of a decoded item are views of the input. */
export type Cbor =
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "bytes"; readonly value: Uint8Array }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "array"; readonly items: readonly Cbor[] }
  | { readonly kind: "map"; readonly entries: readonly CborEntry[] }
  | { readonly kind: "tag"; readonly tag: bigint; readonly content: Cbor }
  /** 20 is false, 21 true, 22 null, 23 undefined. */
  | { readonly kind: "simple"; readonly value: number }
  /** 2, 4 or 8 bytes as they stand: nothing here computes with them. */
  | { readonly kind: "float"; readonly bytes: Uint8Array };

/** Key and value of a map. */
export type CborEntry = readonly [Cbor, Cbor];

/** Thrown by {@link decodeCbor}; its callers turn it into a code of their own. */
export class CborError extends Error {}

/** Largest item that is read, in bytes: above every certificate that could carry it. */
const MAX_CBOR_BYTES = 64 * 1024;
/** Nesting that evidence needs is below 6. */
const MAX_DEPTH = 16;
const MAX_ARGUMENT = 2n ** 64n;

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, other: 7 };

/** Writers of the items that this package issues. */
export const cbor = {
  integer: (value: bigint | number): Cbor => ({ kind: "integer", value: BigInt(value) }),
  bytes: (value: Uint8Array): Cbor => ({ kind: "bytes", value }),
  text: (value: string): Cbor => ({ kind: "text", value }),
  array: (...items: readonly Cbor[]): Cbor => ({ kind: "array", items }),
  /** Written in this order. */
  map: (...entries: readonly CborEntry[]): Cbor => ({ kind: "map", entries }),
  tag: (tag: bigint | number, content: Cbor): Cbor => ({ kind: "tag", tag: BigInt(tag), content }),
} as const;

/**
 * The one item that `bytes` consist of, strictly: definite lengths, shortest forms, valid UTF-8, no
 * key twice in a map, nothing after the item, at most 64 KiB and 16 deep. Throws CborError.
 */
export function decodeCbor(bytes: Uint8Array): Cbor {
  if (bytes.length > MAX_CBOR_BYTES) {
    throw new CborError(`item has ${bytes.length} bytes, ${MAX_CBOR_BYTES} allowed`);
  }
  const reader = new CborReader(bytes);
  const item = reader.item(0);
  if (reader.remaining > 0) throw new CborError(`${reader.remaining} bytes after the item`);
  return item;
}

class CborReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  item(depth: number): Cbor {
    if (depth > MAX_DEPTH) throw new CborError(`nested over ${MAX_DEPTH} deep`);
    const [initial = 0] = this.#take(1n);
    const major = initial >> 5;
    const info = initial & 0x1f;
    if (major === MAJOR.other) return this.#simpleOrFloat(info);
    const argument = this.#argument(info);
    switch (major) {
      case MAJOR.unsigned:
        return { kind: "integer", value: argument };
      case MAJOR.negative:
        return { kind: "integer", value: -1n - argument };
      case MAJOR.bytes:
        return { kind: "bytes", value: this.#take(argument) };
      case MAJOR.text:
        return { kind: "text", value: decodeText(this.#take(argument)) };
      case MAJOR.array:
        return { kind: "array", items: this.#items(argument, depth + 1) };
      case MAJOR.map:
        return { kind: "map", entries: this.#entries(argument, depth + 1) };
      default:
        return { kind: "tag", tag: argument, content: this.item(depth + 1) };
    }
  }

  #items(count: bigint, depth: number): Cbor[] {
    const items: Cbor[] = [];
    // Stops at the end of the input, whatever the count says.
    for (let i = 0n; i < count; i += 1n) items.push(this.item(depth));
    return items;
  }

  #entries(count: bigint, depth: number): CborEntry[] {
    const entries: CborEntry[] = [];
    const seen = new Set<string>();
    for (let i = 0n; i < count; i += 1n) {
      const start = this.#offset;
      const key = this.item(depth);
      const raw = toHex(this.#bytes.subarray(start, this.#offset));
      if (seen.has(raw)) throw new CborError("a key occurs twice in a map");
      seen.add(raw);
      entries.push([key, this.item(depth)]);
    }
    return entries;
  }

  #argument(info: number): bigint {
    if (info < 24) return BigInt(info);
    if (info > 27) throw new CborError("length is indefinite or reserved");
    const octets = 2 ** (info - 24);
    const value = readBigEndian(this.#take(BigInt(octets)));
    const least = octets === 1 ? 24n : 2n ** BigInt(4 * octets);
    if (value < least) throw new CborError("number is not in its shortest form");
    return value;
  }

  #simpleOrFloat(info: number): Cbor {
    if (info < 24) return { kind: "simple", value: info };
    if (info === 24) {
      const [value = 0] = this.#take(1n);
      if (value < 32) throw new CborError("simple value is not in its shortest form");
      return { kind: "simple", value };
    }
    if (info > 27) throw new CborError("break or reserved value without a beginning");
    return { kind: "float", bytes: this.#take(2n ** BigInt(info - 24)) };
  }

  #take(length: bigint): Uint8Array {
    if (length > BigInt(this.remaining)) {
      throw new CborError(
        `${this.remaining} bytes left at offset ${this.#offset}, ${length} needed`,
      );
    }
    this.#offset += Number(length);
    return this.#bytes.subarray(this.#offset - Number(length), this.#offset);
  }
}

function readBigEndian(bytes: Uint8Array): bigint {
  return bytes.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CborError("text is not utf-8", { cause });
  }
}

/**
 * The bytes of `item` in the form that {@link decodeCbor} reads. Throws a TypeError for what has no
 * such form: a number beyond 64 bits, a simple value from 24 to 31, a map with a key twice.
 */
export function encodeCbor(item: Cbor): Uint8Array {
  switch (item.kind) {
    case "integer":
      return item.value < 0n
        ? head(MAJOR.negative, -1n - item.value)
        : head(MAJOR.unsigned, item.value);
    case "bytes":
      return withLength(MAJOR.bytes, item.value);
    case "text":
      return withLength(MAJOR.text, utf8(item.value));
    case "array":
      return concatBytes(
        head(MAJOR.array, BigInt(item.items.length)),
        ...item.items.map(encodeCbor),
      );
    case "map":
      return encodeMap(item.entries);
    case "tag":
      return concatBytes(head(MAJOR.tag, item.tag), encodeCbor(item.content));
    case "simple":
      return encodeSimple(item.value);
    case "float":
      return encodeFloat(item.bytes);
  }
}

function encodeMap(entries: readonly CborEntry[]): Uint8Array {
  const keys = entries.map(([key]) => encodeCbor(key));
  if (new Set(keys.map(toHex)).size !== keys.length) throw new TypeError("a map has a key twice");
  const pairs = entries.flatMap(([, value], i) => [
    keys[i] ?? new Uint8Array(0),
    encodeCbor(value),
  ]);
  return concatBytes(head(MAJOR.map, BigInt(entries.length)), ...pairs);
}

function encodeSimple(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 255 || (value > 23 && value < 32)) {
    throw new TypeError(`${value} is no simple value`);
  }
  return head(MAJOR.other, BigInt(value));
}

function encodeFloat(bytes: Uint8Array): Uint8Array {
  const info = [2, 4, 8].indexOf(bytes.length);
  if (info < 0) throw new TypeError(`a float has 2, 4 or 8 bytes, not ${bytes.length}`);
  return concatBytes(new Uint8Array([(MAJOR.other << 5) | (25 + info)]), bytes);
}

function withLength(major: number, content: Uint8Array): Uint8Array {
  return concatBytes(head(major, BigInt(content.length)), content);
}

function head(major: number, argument: bigint): Uint8Array {
  if (argument < 0n || argument >= MAX_ARGUMENT) {
    throw new TypeError(`${argument} does not fit 64 bits`);
  }
  if (argument < 24n) return new Uint8Array([(major << 5) | Number(argument)]);
  const size = [0, 1, 2, 3].find((power) => argument < 2n ** BigInt(8 * 2 ** power)) ?? 3;
  const octets = new Uint8Array(2 ** size);
  for (let i = octets.length - 1, rest = argument; i >= 0; i -= 1, rest >>= 8n) {
    octets[i] = Number(rest & 0xffn);
  }
  return concatBytes(new Uint8Array([(major << 5) | (24 + size)]), octets);
}
