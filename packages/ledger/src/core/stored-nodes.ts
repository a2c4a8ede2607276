import type { GrownTree } from "./grow-tree.ts";
import { HASH_BYTES } from "./tree-hash.ts";

/** Leaves of a tile; each level of tiles has its hashes eight tree levels up. */
export const TILE_WIDTH = 256;
/** Tree level of a tile's root. */
export const TILE_LEVEL = 8;
const FIRST_CAPACITY = 64;

/** Every complete hash from the roots of tiles up: 64 bytes for 256 ballots. */
export interface StoredNodes {
  /** The hash of the perfect subtree `index` of a tree level from 8 up; a view. */
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
  const levels: { bytes: Uint8Array; used: number }[] = [];
  const restore = (level: number, hashes: Uint8Array): void => {
    if (hashes.length === 0) return;
    levels[level] ??= { bytes: new Uint8Array(FIRST_CAPACITY * HASH_BYTES), used: 0 };
    const kept = levels[level];
    if (kept.used + hashes.length > kept.bytes.length) {
      const grown = new Uint8Array(Math.max(2 * kept.bytes.length, kept.used + hashes.length));
      grown.set(kept.bytes);
      kept.bytes = grown;
    }
    kept.bytes.set(hashes, kept.used);
    kept.used += hashes.length;
  };
  const count = (level: number): number => (levels[level]?.used ?? 0) / HASH_BYTES;
  return {
    get: (level, index) => {
      const kept = levels[level];
      const start = index * HASH_BYTES;
      if (kept === undefined || start >= kept.used) return undefined;
      return kept.bytes.subarray(start, start + HASH_BYTES);
    },
    count,
    add: (grown) => {
      for (let level = TILE_LEVEL; 2 ** level <= grown.size; level += 1) {
        const { first, hashes } = grown.complete(level);
        if (first === count(level)) restore(level, hashes);
      }
    },
    restore,
  };
}
