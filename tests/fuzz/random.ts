/** A source of numbers that a seed determines. Not for secrets. */
export interface Random {
  /** An integer from 0 to `limit - 1`; 0 when `limit` is below 2. */
  below(limit: number): number;
  /** True once in `count` calls. */
  oneIn(count: number): boolean;
  /** One of `items`, of which there must be some. */
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

const WORD = 2 ** 32;
const FNV_PRIME = 0x0100_0193;
/** Draws that are thrown away until the state has nothing of the seed's structure left. */
const WARM_UP = 16;

/** Numbers for `seed` and `stream`: each stream is another sequence (sfc32). */
export function createRandom(seed: number, stream: string): Random {
  let [a, b, c, count] = [seed >>> 0, Math.floor(seed / WORD) >>> 0, hash(stream), 1];
  const word = (): number => {
    const sum = (((a + b) | 0) + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < WARM_UP; i += 1) word();
  const below = (limit: number): number => (limit < 2 ? 0 : Math.floor((word() / WORD) * limit));
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new TypeError("there is nothing to pick from");
      return item;
    },
    bytes: (length) => Uint8Array.from({ length }, () => word() & 0xff),
  };
}

/** FNV-1a of the UTF-16 units. */
function hash(text: string): number {
  let value = 0x811c_9dc5;
  for (let i = 0; i < text.length; i += 1) {
    value = Math.imul(value ^ text.charCodeAt(i), FNV_PRIME);
  }
  return value >>> 0;
}
