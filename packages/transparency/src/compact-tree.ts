import { concatBytes } from "@carrara/encoding";
import { TransparencyError } from "./error.ts";
import { half, isOdd } from "./proof-path.ts";
import { defaultTreeHasher, HASH_BYTES, type TreeHasher } from "./tree-hasher.ts";

const SIZE_BYTES = 8;

/** A tree that keeps its right edge only: the roots of the perfect subtrees that it is made of. */
export interface CompactTree {
  /** Leaves appended so far. */
  readonly size: number;
  /** Appends a leaf by its hash (`TreeHasher.leaf`); the array is kept. */
  append(leafHash: Uint8Array): void;
  /** Root of all leaves so far. */
  root(): Uint8Array;
  /** A tree of its own with the same leaves. */
  clone(): CompactTree;
  /** u64be(size) ‖ roots of the perfect subtrees, largest first. */
  encode(): Uint8Array;
}

/** A tree without leaves, or the one that `encoded` holds. Throws `TREE_MALFORMED`. */
export function createCompactTree(
  hasher: TreeHasher = defaultTreeHasher,
  encoded?: Uint8Array,
): CompactTree {
  const { size, edge } = encoded === undefined ? { size: 0, edge: [] } : decode(encoded);
  return grow(hasher, size, edge);
}

function grow(hasher: TreeHasher, initialSize: number, edge: Uint8Array[]): CompactTree {
  let size = initialSize;
  return {
    get size() {
      return size;
    },
    append(leafHash) {
      if (leafHash.length !== HASH_BYTES) throw new TypeError("a leaf hash has 32 bytes");
      if (size >= Number.MAX_SAFE_INTEGER) throw new TypeError("the tree is full");
      let hash = leafHash;
      for (let rest = size; isOdd(rest); rest = half(rest)) {
        const left = edge.pop();
        if (left !== undefined) hash = hasher.node(left, hash);
      }
      edge.push(hash);
      size += 1;
    },
    root() {
      const last = edge.at(-1);
      if (last === undefined) return hasher.emptyRoot;
      return edge.slice(0, -1).reduceRight((right, left) => hasher.node(left, right), last);
    },
    clone: () => grow(hasher, size, [...edge]),
    encode() {
      const head = new Uint8Array(SIZE_BYTES);
      new DataView(head.buffer).setBigUint64(0, BigInt(size));
      return concatBytes(head, ...edge);
    },
  };
}

function decode(encoded: Uint8Array): { size: number; edge: Uint8Array[] } {
  if (encoded.length < SIZE_BYTES) throw malformed(`${encoded.length} bytes hold no size`);
  const size = Number(new DataView(encoded.buffer, encoded.byteOffset).getBigUint64(0));
  if (!Number.isSafeInteger(size)) throw malformed("size is no safe integer");
  let roots = 0;
  for (let rest = size; rest > 0; rest = half(rest)) if (isOdd(rest)) roots += 1;
  const bytes = SIZE_BYTES + roots * HASH_BYTES;
  if (encoded.length !== bytes) throw malformed(`${encoded.length} bytes, ${bytes} needed`);
  const edge = Array.from({ length: roots }, (_, i) => {
    const start = SIZE_BYTES + i * HASH_BYTES;
    return encoded.slice(start, start + HASH_BYTES);
  });
  return { size, edge };
}

function malformed(message: string): TransparencyError {
  return new TransparencyError("TREE_MALFORMED", message);
}
