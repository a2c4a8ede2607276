import { randomBytes } from "node:crypto";

/** Values that one call for randomness gives. */
const POOL_VALUES = 256;

/** Hands out random values of `length` bytes; asks for them in blocks, since a call takes several µs whatever its size. */
export function createRandomPool(length: number): () => Uint8Array {
  let pool = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at + length > pool.length) {
      // A new block: values that were handed out are views of the old one.
      pool = randomBytes(POOL_VALUES * length);
      at = 0;
    }
    at += length;
    return pool.subarray(at - length, at);
  };
}
