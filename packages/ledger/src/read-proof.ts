import type { SubtreeRange } from "@carrara/transparency";
import { type StoredNodes, TILE_LEVEL, TILE_WIDTH } from "./core/stored-nodes.ts";
import type { TileTree } from "./core/tile-tree.ts";
import { EMPTY_ROOT, hashNode } from "./core/tree-hash.ts";
import { type ReadDeps, readTileTree } from "./read-records.ts";

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
  const tiles = new Map<number, TileTree>();
  for (const tile of wanted) tiles.set(tile, await readTileTree(deps, tile));
  return ranges.map((range) => hashOf(range, deps.state.nodes, tiles));
}

/** Root of the tree of the first `size` ballots. */
export async function readRoot(deps: ReadDeps, size: number): Promise<Uint8Array> {
  if (size === deps.state.size) return deps.state.root;
  if (size === 0) return EMPTY_ROOT;
  const [root] = await readSubtrees(deps, [{ start: 0, end: size }]);
  if (root === undefined) throw new TypeError("no root was read");
  return root;
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
  tiles: ReadonlyMap<number, TileTree>,
): Uint8Array {
  const { start, end } = range;
  const known = knownNode(range, nodes, tiles);
  if (known !== undefined) return known;
  if (end - start === 1) throw new TypeError(`leaf ${start} was not read`);
  let split = 1;
  while (split * 2 < end - start) split *= 2;
  const left = hashOf({ start, end: start + split }, nodes, tiles);
  return hashNode(left, hashOf({ start: start + split, end }, nodes, tiles));
}

/** A perfect subtree that is kept, or part of a tile that was read. */
function knownNode(
  { start, end }: SubtreeRange,
  nodes: StoredNodes,
  tiles: ReadonlyMap<number, TileTree>,
): Uint8Array | undefined {
  const width = end - start;
  const level = Math.log2(width);
  if (!Number.isInteger(level) || start % width !== 0) return undefined;
  if (level > 0 && level % TILE_LEVEL === 0) return nodes.get(level, start / width);
  const tile = Math.floor(start / TILE_WIDTH);
  return tiles.get(tile)?.node(level, (start % TILE_WIDTH) / width);
}
