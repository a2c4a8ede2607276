import { equalBytes } from "@carrara/encoding";
import { TransparencyError } from "./error.ts";
import { assertHashes, assertSizes, half, isOdd } from "./proof-path.ts";
import { defaultTreeHasher, type TreeHasher } from "./tree-hasher.ts";

/** A claim that the tree of `from` leaves is the beginning of the tree of `to` leaves. */
export interface ConsistencyClaim {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * Verifies a consistency proof (RFC 9162 section 2.1.4.2). The empty tree begins every tree and a tree
 * itself: both need a proof without hashes. Throws `PROOF_INVALID`.
 */
export function verifyConsistency(
  claim: ConsistencyClaim,
  hasher: TreeHasher = defaultTreeHasher,
): void {
  const { from, to, fromRoot, toRoot, proof } = claim;
  assertSizes(from, to);
  assertHashes([fromRoot, toRoot, ...proof]);
  if (from > to) throw invalid(`size ${from} is above the later size ${to}`);
  if (from === 0 && !equalBytes(fromRoot, hasher.emptyRoot)) {
    throw invalid("root of the empty tree is not the hash of nothing");
  }
  if (from === to && !equalBytes(fromRoot, toRoot)) {
    throw invalid(`two roots for the same size ${to}`);
  }
  if (from !== 0 && from !== to) {
    verifyPath(claim, hasher);
    return;
  }
  if (proof.length > 0) throw invalid(`proof has ${proof.length} hashes, 0 needed`);
}

function verifyPath({ from, to, fromRoot, toRoot, proof }: ConsistencyClaim, hasher: TreeHasher) {
  let node = from - 1;
  let last = to - 1;
  while (isOdd(node)) {
    node = half(node);
    last = half(last);
  }
  // A perfect older tree is a node of the newer one: the proof leaves out what the verifier has.
  const [first, ...path] = node === 0 ? [fromRoot, ...proof] : proof;
  if (first === undefined) throw invalid("consistency proof is too short");
  let older = first;
  let newer = first;
  for (const sibling of path) {
    if (last === 0) throw invalid("consistency proof is too long");
    if (isOdd(node) || node === last) {
      older = hasher.node(sibling, older);
      newer = hasher.node(sibling, newer);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      newer = hasher.node(newer, sibling);
    }
    node = half(node);
    last = half(last);
  }
  if (last !== 0) throw invalid("consistency proof is too short");
  if (!equalBytes(older, fromRoot)) throw invalid("consistency proof leads to another older root");
  if (!equalBytes(newer, toRoot)) throw invalid("consistency proof leads to another newer root");
}

function invalid(message: string): TransparencyError {
  return new TransparencyError("PROOF_INVALID", message);
}
