/** Two 32-bit halves of a hash. */
export interface HashPair {
  low: number;
  high: number;
}

/**
 * HalfSipHash-2-4 with 64 bits of output (Aumasson, Bernstein): ids are chosen by voters, and a hash
 * without a key would let them choose where the index has its collisions. Returns a function that
 * writes into one pair and gives it back, since it runs for every ballot.
 */
export function createKeyedHash(key: Uint8Array): (bytes: Uint8Array, offset: number) => HashPair {
  const keyView = new DataView(key.buffer, key.byteOffset, 8);
  const [k0, k1] = [keyView.getInt32(0, true), keyView.getInt32(4, true)];
  const pair: HashPair = { low: 0, high: 0 };
  return (bytes, offset) => {
    let [v0, v1, v2, v3] = [k0, k1 ^ 0xee, 0x6c796765 ^ k0, 0x74656462 ^ k1];
    const round = () => {
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
    };
    const absorb = (word: number) => {
      v3 ^= word;
      round();
      round();
      v0 ^= word;
    };
    for (let at = offset; at < offset + ID_BYTES; at += 4) absorb(wordAt(bytes, at));
    absorb(ID_BYTES << 24);
    v2 ^= 0xee;
    for (let i = 0; i < 4; i += 1) round();
    pair.low = (v1 ^ v3) >>> 0;
    v1 ^= 0xdd;
    for (let i = 0; i < 4; i += 1) round();
    pair.high = (v1 ^ v3) >>> 0;
    return pair;
  };
}

const ID_BYTES = 16;

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}
