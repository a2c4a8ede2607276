import type { SubtreeRange } from "@carrara/transparency";
import type { NodeLookup } from "./core/ledger-state.ts";
import { TILE_LEVEL, TILE_WIDTH } from "./core/stored-nodes.ts";
import type { TileTree } from "./core/tile-tree.ts";
import { EMPTY_ROOT, hashNode } from "./core/tree-hash.ts";
import { type ReadDeps, readTileTree } from "./read-records.ts";

/**
 * Hashes of subtrees of the ledger's tree. Whole subtrees from a tile up and the tree's right edge are
 * at hand, so that a tile is read only where a range lies or ends within it: one for a proof in the whole
 * tree, some 500 hashes whatever the size.
 */
export async function readSubtrees(
  deps: ReadDeps,
  ranges: readonly SubtreeRange[],
): Promise<readonly Uint8Array[]> {
  // One for both passes: while tiles are read, groups are committed and move the right edge.
  const lookup = deps.state.lookup();
  const wanted = new Set<number>();
  for (const range of ranges) collectTiles(range, lookup, wanted);
  const tiles = new Map<number, TileTree>();
  for (const tile of wanted) tiles.set(tile, await readTileTree(deps, tile));
  return ranges.map((range) => hashOf(range, lookup, tiles));
}

/** Root of the tree of the first `size` ballots. */
export async function readRoot(deps: ReadDeps, size: number): Promise<Uint8Array> {
  if (size === deps.state.size) return deps.state.root;
  if (size === 0) return EMPTY_ROOT;
  const [root] = await readSubtrees(deps, [{ start: 0, end: size }]);
  if (root === undefined) throw new TypeError("no root was read");
  return root;
}

function collectTiles(range: SubtreeRange, lookup: NodeLookup, wanted: Set<number>): void {
  const level = levelOf(range);
  if (level !== undefined && lookup(level, range.start / 2 ** level) !== undefined) return;
  if (level !== undefined && level < TILE_LEVEL) {
    wanted.add(Math.floor(range.start / TILE_WIDTH));
    return;
  }
  for (const half of halvesOf(range)) collectTiles(half, lookup, wanted);
}

function hashOf(
  range: SubtreeRange,
  lookup: NodeLookup,
  tiles: ReadonlyMap<number, TileTree>,
): Uint8Array {
  const level = levelOf(range);
  const known = level === undefined ? undefined : knownNode(level, range.start, lookup, tiles);
  if (known !== undefined) return known;
  if (level === 0) throw new TypeError(`leaf ${range.start} was not read`);
  const [left, right] = halvesOf(range);
  return hashNode(hashOf(left, lookup, tiles), hashOf(right, lookup, tiles));
}

/** A perfect subtree that is kept, or part of a tile that was read. */
function knownNode(
  level: number,
  start: number,
  lookup: NodeLookup,
  tiles: ReadonlyMap<number, TileTree>,
): Uint8Array | undefined {
  const width = 2 ** level;
  const kept = lookup(level, start / width);
  if (kept !== undefined || level > TILE_LEVEL) return kept;
  return tiles.get(Math.floor(start / TILE_WIDTH))?.node(level, (start % TILE_WIDTH) / width);
}

/** The level of a perfect subtree, undefined for any other range. */
function levelOf({ start, end }: SubtreeRange): number | undefined {
  const width = end - start;
  const level = Math.log2(width);
  return Number.isInteger(level) && start % width === 0 ? level : undefined;
}

/** Left, the largest perfect subtree short of the whole (RFC 9162, 2.1.1). */
function halvesOf({ start, end }: SubtreeRange): readonly [SubtreeRange, SubtreeRange] {
  let split = 1;
  while (split * 2 < end - start) split *= 2;
  return [
    { start, end: start + split },
    { start: start + split, end },
  ];
}
