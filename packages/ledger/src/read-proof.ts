import type { SubtreeRange } from "@carrara/transparency";
import { type StoredNodes, TILE_LEVEL, TILE_WIDTH } from "./core/stored-nodes.ts";
import { HASH_BYTES, hashNode } from "./core/tree-hash.ts";
import { type ReadDeps, readLeaves } from "./read-records.ts";

/**
 * Hashes of subtrees of the ledger's tree. Tile roots are at hand, so that at most the tiles at both
 * ends of a range are read: some 500 hashes a proof, whatever the size.
 */
export async function readSubtrees(
  deps: ReadDeps,
  ranges: readonly SubtreeRange[],
): Promise<readonly Uint8Array[]> {
  const wanted = new Set<number>();
  for (const range of ranges) collectTiles(range, wanted);
  const tiles = new Map<number, Uint8Array>();
  for (const tile of wanted) tiles.set(tile, await readLeaves(deps, tile));
  return ranges.map((range) => hashOf(range, deps.state.nodes, tiles));
}

function collectTiles({ start, end }: SubtreeRange, wanted: Set<number>): void {
  // Whole tiles have roots; what is left is the right edge, or lies within one tile.
  if (end % TILE_WIDTH !== 0 || end - start < TILE_WIDTH) {
    wanted.add(Math.floor((end - 1) / TILE_WIDTH));
  }
}

function hashOf(
  range: SubtreeRange,
  nodes: StoredNodes,
  tiles: ReadonlyMap<number, Uint8Array>,
): Uint8Array {
  const { start, end } = range;
  const width = end - start;
  const kept = keptNode(range, nodes);
  if (kept !== undefined) return kept;
  if (width === 1) {
    const leaves = tiles.get(Math.floor(start / TILE_WIDTH));
    if (leaves === undefined) throw new TypeError(`leaf ${start} was not read`);
    const at = (start % TILE_WIDTH) * HASH_BYTES;
    return leaves.subarray(at, at + HASH_BYTES);
  }
  let split = 1;
  while (split * 2 < width) split *= 2;
  const left = hashOf({ start, end: start + split }, nodes, tiles);
  return hashNode(left, hashOf({ start: start + split, end }, nodes, tiles));
}

function keptNode({ start, end }: SubtreeRange, nodes: StoredNodes): Uint8Array | undefined {
  const width = end - start;
  const level = Math.log2(width);
  if (level < TILE_LEVEL || level % TILE_LEVEL !== 0 || start % width !== 0) return undefined;
  return nodes.get(level, start / width);
}
