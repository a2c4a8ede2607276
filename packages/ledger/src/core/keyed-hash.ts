import { ID_BYTES } from "./ballot-record.ts";

/** Two 32-bit halves of a hash. */
export interface HashPair {
  low: number;
  high: number;
}

/** Steps of two rounds: one for each word and the length, two before each half of the output. */
const WORD_STEPS = ID_BYTES / 4 + 1;
const LOW_STEP = WORD_STEPS + 1;
const HIGH_STEP = LOW_STEP + 2;

/**
 * HalfSipHash-2-4 of 16 bytes, 64 bits of output (Aumasson, Bernstein): ids are chosen by voters, and
 * without a key they could choose where the index has its collisions. Returns a function that writes
 * into one pair and gives it back, since it runs for every ballot.
 */
export function createKeyedHash(key: Uint8Array): (bytes: Uint8Array, offset: number) => HashPair {
  const k0 = wordAt(key, 0);
  const k1 = wordAt(key, 4);
  const pair: HashPair = { low: 0, high: 0 };
  return (bytes, offset) => {
    let v0 = k0;
    let v1 = k1 ^ 0xee;
    let v2 = 0x6c796765 ^ k0;
    let v3 = 0x74656462 ^ k1;
    for (let step = 0; step <= HIGH_STEP; step += 1) {
      let word = 0;
      if (step < WORD_STEPS) {
        word = step === WORD_STEPS - 1 ? ID_BYTES << 24 : wordAt(bytes, offset + 4 * step);
      }
      v3 ^= word;
      for (let round = 0; round < 2; round += 1) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      v0 ^= word;
      if (step === WORD_STEPS - 1) v2 ^= 0xee;
      if (step === LOW_STEP) {
        pair.low = (v1 ^ v3) >>> 0;
        v1 ^= 0xdd;
      }
    }
    pair.high = (v1 ^ v3) >>> 0;
    return pair;
  };
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}
