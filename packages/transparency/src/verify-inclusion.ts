import { equalBytes } from "@carrara/encoding";
import { TransparencyError } from "./error.ts";
import { assertHashes, assertSizes, half, isOdd } from "./proof-path.ts";
import { defaultTreeHasher, type TreeHasher } from "./tree-hasher.ts";

/** A claim that the leaf `leafHash` is number `index` of the tree with `size` leaves and this root. */
export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** Verifies an inclusion proof (RFC 9162 section 2.1.3.2). Throws `PROOF_INVALID`. */
export function verifyInclusion(
  claim: InclusionClaim,
  hasher: TreeHasher = defaultTreeHasher,
): void {
  const { index, size, leafHash, proof, root } = claim;
  assertSizes(index, size);
  assertHashes([leafHash, root, ...proof]);
  if (index >= size) {
    throw new TransparencyError("PROOF_INVALID", `index ${index} is not below the size ${size}`);
  }
  if (!equalBytes(rootFrom(claim, hasher), root)) {
    throw new TransparencyError("PROOF_INVALID", "inclusion proof leads to another root");
  }
}

function rootFrom(
  { index, size, leafHash, proof }: InclusionClaim,
  hasher: TreeHasher,
): Uint8Array {
  let node = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0) throw new TransparencyError("PROOF_INVALID", "inclusion proof is too long");
    if (isOdd(node) || node === last) {
      hash = hasher.node(sibling, hash);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      hash = hasher.node(hash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  if (last !== 0) throw new TransparencyError("PROOF_INVALID", "inclusion proof is too short");
  return hash;
}
