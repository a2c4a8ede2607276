import { AttestationError, type VerificationErrorCode } from "./error.ts";

/** Reads fixed little-endian layouts from bytes; every read past the end throws `code`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #code: VerificationErrorCode;
  #offset = 0;

  constructor(bytes: Uint8Array, code: VerificationErrorCode) {
    this.#bytes = bytes;
    this.#code = code;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Uint8Array {
    if (length > this.remaining) {
      throw new AttestationError(
        this.#code,
        `${this.remaining} bytes left at offset ${this.#offset}, ${length} needed`,
      );
    }
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  u16(): number {
    return readLe(this.take(2));
  }

  u32(): number {
    return readLe(this.take(4));
  }
}

/** Unsigned little-endian number of at most 6 bytes. */
export function readLe(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

/** `value` as `length` little-endian bytes. */
export function writeLe(value: number, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let i = 0, rest = value; i < length; i += 1, rest = Math.floor(rest / 256))
    out[i] = rest % 256;
  return out;
}
