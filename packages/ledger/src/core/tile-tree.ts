import { TILE_LEVEL } from "./stored-nodes.ts";
import { HASH_BYTES, hashChildren } from "./tree-hash.ts";

/** All perfect subtrees of a tile. */
export interface TileTree {
  /** Hash of the subtree `index`, within the tile, of a tree level up to 8; a view. */
  node(level: number, index: number): Uint8Array | undefined;
}

/** Hashes a tile, or as much of one as there is: about one hash a leaf. */
export function createTileTree(leaves: Uint8Array): TileTree {
  const count = leaves.length / HASH_BYTES;
  const hashes = Buffer.alloc(2 * leaves.length);
  hashes.set(leaves);
  const starts = [0];
  let used = count;
  for (let level = 1; level <= TILE_LEVEL; level += 1) {
    const below = starts[level - 1] ?? 0;
    const nodes = Math.floor(count / 2 ** level);
    starts.push(used);
    for (let i = 0; i < nodes; i += 1)
      hashChildren(hashes, used + i, below + 2 * i, below + 2 * i + 1);
    used += nodes;
  }
  return {
    node: (level, index) => {
      const start = starts[level];
      if (start === undefined || index >= Math.floor(count / 2 ** level)) return undefined;
      return hashes.subarray((start + index) * HASH_BYTES, (start + index + 1) * HASH_BYTES);
    },
  };
}
