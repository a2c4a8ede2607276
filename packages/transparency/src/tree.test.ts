import { createHash } from "node:crypto";
import { equalBytes, fromHex, toHex } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCompactTree } from "./compact-tree.ts";
import { consistencyRanges, inclusionRanges, type SubtreeRange } from "./subtree-range.ts";
import { codeOf } from "./testing/code-of.ts";
import { createNaiveTree } from "./testing/naive-tree.ts";
import { createTreeHasher, type Hash, sha256 } from "./tree-hasher.ts";
import { type ConsistencyClaim, verifyConsistency } from "./verify-consistency.ts";
import { type InclusionClaim, verifyInclusion } from "./verify-inclusion.ts";

/** The test tree of the reference implementation of Certificate Transparency (RFC 6962). */
const ENTRIES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map(fromHex);
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
].map(fromHex);
const N23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const N4567 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
const N4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const N67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const INCLUSION = [
  [0, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", N23, N4567]],
  [5, [N4, N67, toHex(ROOTS[4] ?? new Uint8Array())]],
] as const;
const CONSISTENCY = [
  [1, 1, []],
  [2, 5, [N23, N4]],
  [2, 8, [N23, N4567]],
  [
    6,
    8,
    [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      N67,
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
] as const;

const nodeHash: Hash = (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest());
const hasher = createTreeHasher(nodeHash);
const LEAVES = Array.from({ length: 320 }, (_, i) => hasher.leaf(new Uint8Array([i >> 8, i])));
const naive = createNaiveTree(LEAVES, hasher);
const MAX = 260;

function rootOf(size: number): Uint8Array {
  return naive.root(0, size);
}

function hashesOf(ranges: readonly SubtreeRange[]): Uint8Array[] {
  return ranges.map(({ start, end }) => naive.root(start, end));
}

function inclusionClaim(index: number, size: number): InclusionClaim {
  const leafHash = LEAVES[index] ?? new Uint8Array();
  const proof = hashesOf(inclusionRanges(index, size));
  return { index, size, leafHash, proof, root: rootOf(size) };
}

function consistencyClaim(from: number, to: number): ConsistencyClaim {
  const proof = hashesOf(consistencyRanges(from, to));
  return { from, to, fromRoot: rootOf(from), toRoot: rootOf(to), proof };
}

describe("the reference tree of RFC 6962", () => {
  const leaves = ENTRIES.map(createTreeHasher().leaf);

  test("has the known roots at every size", () => {
    const tree = createCompactTree();
    for (const [size, root] of ROOTS.entries()) {
      expect(toHex(tree.root())).toBe(toHex(root));
      const leaf = leaves[size];
      if (leaf !== undefined) tree.append(leaf);
    }
  });

  test("has the known inclusion proofs", () => {
    const reference = createNaiveTree(leaves, createTreeHasher());
    for (const [index, proof] of INCLUSION) {
      const ranges = inclusionRanges(index, 8);
      expect(ranges.map(({ start, end }) => toHex(reference.root(start, end)))).toEqual(proof);
      const claim = { leafHash: leaves[index] ?? new Uint8Array(), proof: proof.map(fromHex) };
      verifyInclusion({ index, size: 8, ...claim, root: ROOTS[8] ?? new Uint8Array() });
    }
  });

  test("has the known consistency proofs", () => {
    const reference = createNaiveTree(leaves, createTreeHasher());
    for (const [from, to, proof] of CONSISTENCY) {
      const ranges = consistencyRanges(from, to);
      expect(ranges.map(({ start, end }) => toHex(reference.root(start, end)))).toEqual(proof);
      const [fromRoot = new Uint8Array(), toRoot = new Uint8Array()] = [ROOTS[from], ROOTS[to]];
      verifyConsistency({ from, to, fromRoot, toRoot, proof: proof.map(fromHex) });
    }
  });
});

test("the hash of this package is SHA-256", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) =>
      equalBytes(sha256(bytes), nodeHash(bytes)),
    ),
  );
});

test("ranges are the proofs of the RFC's definitions for every index and size", () => {
  for (let size = 1; size <= MAX; size += 1) {
    for (let index = 0; index < size; index += 1) {
      const proof = hashesOf(inclusionRanges(index, size));
      if (!sameHashes(proof, naive.inclusion(index, size))) expect.fail(`${index} of ${size}`);
      const consistency = hashesOf(consistencyRanges(index + 1, size));
      if (!sameHashes(consistency, naive.consistency(index + 1, size))) {
        expect.fail(`${index + 1} to ${size}`);
      }
    }
  }
});

function sameHashes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((hash, i) => equalBytes(hash, b[i] ?? new Uint8Array()));
}

test("every genuine proof verifies", () => {
  for (let size = 1; size <= MAX; size += 1) {
    const step = size > 70 ? 7 : 1;
    for (let index = 0; index < size; index += step) {
      verifyInclusion(inclusionClaim(index, size), hasher);
      verifyConsistency(consistencyClaim(index, size), hasher);
    }
    verifyConsistency(consistencyClaim(size, size), hasher);
  }
});

const sizes = fc.integer({ min: 2, max: MAX });
const bit = fc.tuple(fc.nat(31), fc.nat(7));

/** Proofs with one hash changed, left out, put in, or two of them swapped. */
function damagedProofs(
  proof: readonly Uint8Array[],
  [at, place, extra]: readonly [number, readonly [number, number], Uint8Array],
): Uint8Array[][] {
  const i = proof.length === 0 ? 0 : at % proof.length;
  const chosen = proof[i];
  const longer = [proof.toSpliced(i, 0, extra), [...proof, extra]];
  if (chosen === undefined) return longer;
  const swapped = proof.with(i, proof.at(i - 1) ?? chosen).with(i - 1, chosen);
  return [
    ...longer,
    proof.with(i, flip(chosen, place)),
    proof.toSpliced(i, 1),
    proof.with(i, chosen.subarray(1)),
    ...(proof.length > 1 ? [swapped, [...proof].reverse()] : []),
  ];
}

function flip(bytes: Uint8Array, [at, bitOf]: readonly [number, number]): Uint8Array {
  return bytes.map((byte, i) => (i === at ? byte ^ (1 << bitOf) : byte));
}

const damage = fc.tuple(fc.nat(), bit, fc.uint8Array({ minLength: 32, maxLength: 32 }));

test("no changed inclusion claim verifies: PROOF_INVALID", () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), damage, (size, at, other, harm) => {
      const index = at % size;
      const claim = inclusionClaim(index, size);
      const [, place] = harm;
      const changed: InclusionClaim[] = [
        ...damagedProofs(claim.proof, harm).map((proof) => ({ ...claim, proof })),
        { ...claim, root: flip(claim.root, place) },
        { ...claim, leafHash: flip(claim.leafHash, place) },
        { ...claim, index: other % size === index ? index + size : other % size },
        ...[size * 2, Math.ceil(size / 2) - 1, -size, size + 0.5, 2 ** 53].map((wrong) => ({
          ...claim,
          size: wrong,
        })),
        ...[-1, size, 0.5, Number.NaN, 2 ** 53].map((wrong) => ({ ...claim, index: wrong })),
      ];
      for (const wrong of changed) {
        expect(codeOf(() => verifyInclusion(wrong, hasher))).toBe("PROOF_INVALID");
      }
    }),
  );
});

test("no changed consistency claim verifies: PROOF_INVALID", () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), damage, (to, at, other, harm) => {
      const from = 1 + (at % to);
      const claim = consistencyClaim(from, to);
      const [, place] = harm;
      const elsewhere = 1 + (other % to);
      const changed: ConsistencyClaim[] = [
        ...damagedProofs(claim.proof, harm)
          .filter((proof) => from !== to || proof.length > 0)
          .map((proof) => ({ ...claim, proof })),
        { ...claim, fromRoot: flip(claim.fromRoot, place) },
        { ...claim, toRoot: flip(claim.toRoot, place) },
        { ...claim, from: elsewhere === from ? to + 1 : elsewhere },
        { ...claim, from: 0 },
        { ...claim, to: from - 1 },
        { ...claim, to: 2 * to + 1 },
        ...[-1, 0.5, Number.NaN, 2 ** 53].map((wrong) => ({ ...claim, from: wrong })),
      ];
      for (const wrong of changed) {
        expect(codeOf(() => verifyConsistency(wrong, hasher))).toBe("PROOF_INVALID");
      }
    }),
  );
});

test("a tree in which one earlier leaf was exchanged is not consistent: PROOF_INVALID", () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), (to, at, leaf) => {
      const from = 1 + (at % to);
      const changed = LEAVES.with(leaf % from, hasher.leaf(new Uint8Array(3)));
      const other = createNaiveTree(changed, hasher);
      const proof = other.consistency(from, to);
      const claim = { ...consistencyClaim(from, to), toRoot: other.root(0, to), proof };
      expect(codeOf(() => verifyConsistency(claim, hasher))).toBe("PROOF_INVALID");
    }),
  );
});

test("ranges of sizes near 2^53 are exact", () => {
  const size = Number.MAX_SAFE_INTEGER;
  for (const index of [0, 2 ** 52 - 1, 2 ** 52, 2 ** 52 + 1, size - 1]) {
    const ranges = inclusionRanges(index, size);
    const covered = ranges.reduce((sum, { start, end }) => sum + BigInt(end) - BigInt(start), 1n);
    expect(covered).toBe(BigInt(size));
    const leafHash = new Uint8Array(32);
    const claim = { index, size, leafHash, proof: ranges.map(() => leafHash), root: leafHash };
    // The proof has the right length: it leads to some root, and not to that one.
    expect(() => verifyInclusion(claim)).toThrow("leads to another root");
  }
});

test("a number that is no size or index is the caller's mistake", () => {
  for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53]) {
    expect(() => inclusionRanges(0, wrong)).toThrow(TypeError);
    expect(() => inclusionRanges(wrong, 5)).toThrow(TypeError);
    expect(() => consistencyRanges(wrong, 5)).toThrow(TypeError);
    expect(() => consistencyRanges(1, wrong)).toThrow(TypeError);
  }
  expect(() => inclusionRanges(5, 5)).toThrow(TypeError);
  expect(() => consistencyRanges(6, 5)).toThrow(TypeError);
  expect(() => hasher.node(new Uint8Array(32), new Uint8Array(31))).toThrow(TypeError);
  expect(() => createCompactTree().append(new Uint8Array(33))).toThrow(TypeError);
});
