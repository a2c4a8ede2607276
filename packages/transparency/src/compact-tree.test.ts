import { toHex } from "@carrara/encoding";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createCompactTree } from "./compact-tree.ts";
import { codeOf } from "./testing/code-of.ts";
import { createNaiveTree } from "./testing/naive-tree.ts";
import { createTreeHasher } from "./tree-hasher.ts";

const hasher = createTreeHasher();
const LEAVES = Array.from({ length: 300 }, (_, i) => hasher.leaf(new Uint8Array([i >> 8, i])));
const naive = createNaiveTree(LEAVES, hasher);

test("the root is that of all leaves at every size, through encoding and cloning", () => {
  let tree = createCompactTree(hasher);
  expect(toHex(tree.root())).toBe(toHex(hasher.emptyRoot));
  for (const [i, leaf] of LEAVES.entries()) {
    const copy = tree.clone();
    copy.append(new Uint8Array(32));
    tree.append(leaf);
    expect(tree.size).toBe(i + 1);
    expect(toHex(tree.root())).toBe(toHex(naive.root(0, i + 1)));
    tree = createCompactTree(hasher, tree.encode());
  }
});

test("any bytes are a tree that encodes to them, or TREE_MALFORMED", () => {
  const head = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const roots = fc.nat(60 * 32);
  fc.assert(
    fc.property(fc.oneof(fc.bigInt(0n, 70_000n), head), roots, (size, length) => {
      const bytes = new Uint8Array(8 + length);
      new DataView(bytes.buffer).setBigUint64(0, size);
      const bits = size.toString(2).replaceAll("0", "").length;
      const good = size < 2n ** 53n && length === bits * 32;
      const read = (): string => toHex(createCompactTree(hasher, bytes).encode());
      expect(codeOf(read)).toBe(good ? "none" : "TREE_MALFORMED");
      const right = bytes.slice(0, 8 + bits * 32);
      if (right.length === 8 + bits * 32 && size < 2n ** 53n) {
        expect(toHex(createCompactTree(hasher, right).encode())).toBe(toHex(right));
      }
    }),
  );
  expect(codeOf(() => createCompactTree(hasher, new Uint8Array(7)))).toBe("TREE_MALFORMED");
});
