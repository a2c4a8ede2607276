import type { GrownTree } from "./grow-tree.ts";
import { HASH_BYTES } from "./tree-hash.ts";

/** Leaves of a tile; each level of tiles has its hashes eight tree levels up. */
export const TILE_WIDTH = 256;
/** Tree level of a tile's root. */
export const TILE_LEVEL = 8;
/** Tree levels of which every complete hash is kept: 8, 16, 24, 32. Above, 2^32 ballots. */
const KEPT_LEVELS = 4;
const FIRST_CAPACITY = 64;

/** Roots of complete tiles of every level from 8 up: 32 bytes for 256 ballots. */
export interface StoredNodes {
  /** The hash of the perfect subtree `index` of a tree level that is a multiple of 8; a view. */
  get(level: number, index: number): Uint8Array | undefined;
  /** How many a level has. */
  count(level: number): number;
  /** Keeps what a group completed. */
  add(grown: GrownTree): void;
  /** Adds hashes of one level, as they were kept in a volume. */
  restore(level: number, hashes: Uint8Array): void;
}

/** Nothing kept yet. */
export function createStoredNodes(): StoredNodes {
  const levels = Array.from({ length: KEPT_LEVELS }, () => ({
    bytes: new Uint8Array(FIRST_CAPACITY * HASH_BYTES),
    used: 0,
  }));
  const restore = (level: number, hashes: Uint8Array): void => {
    const kept = levels[level / 8 - 1];
    if (kept === undefined || hashes.length === 0) return;
    if (kept.used + hashes.length > kept.bytes.length) {
      const grown = new Uint8Array(Math.max(2 * kept.bytes.length, kept.used + hashes.length));
      grown.set(kept.bytes);
      kept.bytes = grown;
    }
    kept.bytes.set(hashes, kept.used);
    kept.used += hashes.length;
  };
  const count = (level: number): number => (levels[level / 8 - 1]?.used ?? 0) / HASH_BYTES;
  return {
    get: (level, index) => {
      const kept = levels[level / 8 - 1];
      if (kept === undefined || index >= count(level)) return undefined;
      return kept.bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
    },
    count,
    add: (grown) => {
      for (let level = 8; level <= KEPT_LEVELS * 8; level += 8) {
        const { first, hashes } = grown.complete(level);
        if (hashes.length > 0 && first === count(level)) restore(level, hashes);
      }
    },
    restore,
  };
}
