import type { GrownTree } from "./grow-tree.ts";
import { HASH_BYTES } from "./tree-hash.ts";

/** The latest durable head of the log. */
export interface LedgerCheckpoint {
  readonly size: number;
  readonly root: Uint8Array;
  /** Three lines (C2SP tlog-checkpoint). */
  readonly text: string;
  /** The text with the log's signature, a C2SP signed note. */
  readonly note: string;
}

/** A group as its voters are told of it: one table of hashes, from which each proof picks. */
export interface CommittedGroup {
  /** Index of its first ballot. */
  readonly first: number;
  readonly count: number;
  /** The tree with this group. */
  readonly checkpoint: LedgerCheckpoint;
  /** All hashes that proofs in this group need, 32 bytes each. */
  readonly hashes: Uint8Array;
  /** Positions in `hashes`, leaf to root, of the inclusion proof of ballot `index`. */
  pathOf(index: number): readonly number[];
  /** The inclusion proof itself; hashes are views. */
  proofOf(index: number): readonly Uint8Array[];
}

/** What is told of a group once it is durable. */
export function createCommittedGroup(
  grown: GrownTree,
  checkpoint: LedgerCheckpoint,
): CommittedGroup {
  const { from, size, hashes, pathOf } = grown;
  return {
    first: from,
    count: size - from,
    checkpoint,
    hashes,
    pathOf,
    proofOf: (index) =>
      pathOf(index).map((at) => hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)),
  };
}
