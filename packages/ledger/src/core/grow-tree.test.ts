import { createHash } from "node:crypto";
import { createTreeHasher, verifyInclusion } from "@carrara/transparency";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RECORD_BYTES } from "./ballot-record.ts";
import { type Frontier, growTree } from "./grow-tree.ts";
import { createStoredNodes } from "./stored-nodes.ts";
import { hashLeaves } from "./tree-hash.ts";

const hasher = createTreeHasher((bytes) => createHash("sha256").update(bytes).digest());

/** Leaf hash of the ballot `index` as RFC 9162 defines it. */
function leafOf(index: number): Uint8Array {
  const entry = new Uint8Array(33).fill(1, 0, 1);
  entry.set(recordOf(index).subarray(16, 48), 1);
  return hasher.leaf(entry);
}

function recordOf(index: number): Uint8Array {
  const record = Buffer.alloc(RECORD_BYTES);
  record.writeUInt32BE(index, 16);
  return record;
}

/** Root by the definition of RFC 9162, 2.1.1. */
function rootOf(start: number, end: number): Uint8Array {
  if (end - start === 1) return leafOf(start);
  let split = 1;
  while (split * 2 < end - start) split *= 2;
  return hasher.node(rootOf(start, start + split), rootOf(start + split, end));
}

function grow(from: number, frontier: Frontier, count: number) {
  const records = Buffer.concat(Array.from({ length: count }, (_, i) => recordOf(from + i)));
  return growTree(from, frontier, count, (target, place) => hashLeaves(target, place, records));
}

const groupSizes = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 12 });

test("groups of any sizes give the tree of RFC 9162, and each ballot its proof", () => {
  fc.assert(
    fc.property(groupSizes, (sizes) => {
      let from = 0;
      let frontier: Frontier = [];
      for (const count of sizes) {
        const grown = grow(from, frontier, count);
        expect(Buffer.compare(grown.root, rootOf(0, from + count))).toBe(0);
        for (let index = from; index < grown.size; index += 1) {
          const proof = grown
            .pathOf(index)
            .map((at) => grown.hashes.subarray(at * 32, (at + 1) * 32));
          const claim = { index, size: grown.size, leafHash: leafOf(index), proof };
          verifyInclusion({ ...claim, root: grown.root }, hasher);
        }
        from = grown.size;
        frontier = grown.frontier;
      }
    }),
    { numRuns: 40 },
  );
});

test("whole subtrees from a tile up are kept as groups complete them", () => {
  const nodes = createStoredNodes();
  let frontier: Frontier = [];
  const size = 2200;
  for (let from = 0; from < size; ) {
    const grown = grow(from, frontier, Math.min(1 + ((from * 7) % 400), size - from));
    nodes.add(grown);
    from = grown.size;
    frontier = grown.frontier;
  }
  for (let level = 8; level < 16; level += 1) {
    const width = 2 ** level;
    expect(nodes.count(level)).toBe(Math.floor(size / width));
    for (let index = 0; index < nodes.count(level); index += 1) {
      const root = nodes.get(level, index) ?? new Uint8Array(0);
      expect(Buffer.compare(root, rootOf(index * width, (index + 1) * width))).toBe(0);
    }
    expect(nodes.get(level, nodes.count(level))).toBe(undefined);
  }
});

test("a table of a group of 100 has at most two hashes a ballot and some for the depth", () => {
  const before = grow(0, [], 1000);
  const grown = grow(1000, before.frontier, 100);
  expect(grown.hashes.length / 32).toBeLessThanOrEqual(2 * 100 + 20);
});
