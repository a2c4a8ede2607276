import { HASH_BYTES, hashChildren } from "./tree-hash.ts";

/** Perfect subtrees at the right edge of a tree, by level: one for each set bit of its size. */
export type Frontier = readonly (Uint8Array | undefined)[];

interface Level {
  /** Index, within the level, of its first node here; even. */
  readonly first: number;
  /** Nodes here. */
  readonly count: number;
  /** Position of the first node among the hashes. */
  readonly position: number;
  /** Position of the last one, which is elsewhere if it is the level below's unpaired node. */
  readonly lastPosition: number;
}

/** What a group of leaves adds to a tree: each hash is computed once and shared by the group's proofs. */
export interface GrownTree {
  readonly from: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly frontier: Frontier;
  /** All hashes that the proofs need, 32 bytes each. */
  readonly hashes: Uint8Array;
  /** Positions among `hashes` of the inclusion proof of leaf `from` ≤ `index` < `size`, leaf to root. */
  pathOf(index: number): number[];
  /** New perfect subtrees of a level, as views: the first one's index and the hashes. */
  complete(level: number): { readonly first: number; readonly hashes: Uint8Array };
}

/** Levels of any tree: one for each bit of a safe integer. */
const MAX_LEVELS = 54;

/**
 * Appends leaves to a tree of `from` leaves. Works level by level: a level has the new nodes and, left
 * of them, the frontier's node where they need it as a sibling; an unpaired last node rises unchanged
 * (RFC 9162, 2.1.1). About two hashes a leaf and one for each level.
 */
export function growTree(
  from: number,
  before: Frontier,
  count: number,
  writeLeaves: (target: Buffer, place: number) => void,
): GrownTree {
  const size = from + count;
  // Half of a level, its half, … and at most a sibling and an edge a level.
  const hashes = Buffer.allocUnsafeSlow(HASH_BYTES * (2 * count + 2 * MAX_LEVELS));
  const levels: Level[] = [];
  let used = 0;
  const at = (position: number): Uint8Array =>
    hashes.subarray(position * HASH_BYTES, (position + 1) * HASH_BYTES);

  for (let level = 0; ; level += 1) {
    const below = levels[level - 1];
    const position = used;
    const index = Math.floor(from / 2 ** level);
    const sibling = index % 2 === 1 ? before[level] : undefined;
    if (sibling !== undefined) {
      hashes.set(sibling, used * HASH_BYTES);
      used += 1;
    }
    let unpaired: number | undefined;
    if (below === undefined) {
      writeLeaves(hashes, used);
      used += count;
    } else {
      const pairs = Math.floor(below.count / 2);
      for (let pair = 0; pair < pairs; pair += 1) {
        const left = below.position + 2 * pair;
        const right = 2 * pair + 2 === below.count ? below.lastPosition : left + 1;
        hashChildren(hashes, used, left, right);
        used += 1;
      }
      if (below.count % 2 === 1) unpaired = below.lastPosition;
    }
    const nodes = used - position + (unpaired === undefined ? 0 : 1);
    const first = sibling === undefined ? index : index - 1;
    levels.push({ first, count: nodes, position, lastPosition: unpaired ?? used - 1 });
    if (first === 0 && nodes === 1) break;
  }

  const positionAt = (level: Level, index: number): number => {
    const place = index - level.first;
    return place === level.count - 1 ? level.lastPosition : level.position + place;
  };
  const frontier = levels.map((level, height) => {
    const index = Math.floor(size / 2 ** height);
    return index % 2 === 1 ? new Uint8Array(at(positionAt(level, index - 1))) : undefined;
  });
  const top = levels.at(-1);
  return {
    from,
    size,
    root: at(top?.lastPosition ?? 0),
    frontier,
    hashes: hashes.subarray(0, used * HASH_BYTES),
    pathOf: (index) => {
      const path: number[] = [];
      let node = index;
      for (const level of levels) {
        const sibling = node % 2 === 0 ? node + 1 : node - 1;
        if (sibling < level.first + level.count && level !== top) {
          path.push(positionAt(level, sibling));
        }
        node = Math.floor(node / 2);
      }
      return path;
    },
    complete: (height) => {
      const level = levels[height];
      const first = Math.floor(from / 2 ** height);
      if (level === undefined) return { first, hashes: hashes.subarray(0, 0) };
      const end = Math.floor(size / 2 ** height);
      const start = (level.position + first - level.first) * HASH_BYTES;
      return { first, hashes: hashes.subarray(start, start + (end - first) * HASH_BYTES) };
    },
  };
}
