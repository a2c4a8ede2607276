import type { MarbleRoutes } from "@carrara/client";

/** The memory that a poll's hidden results were shown, and over which ballots; the host cannot take it back. */
export interface EndMark {
  /** What was set, 0 for nothing. */
  read(): Promise<bigint>;
  /** Sets it; gives what it was before. */
  set(value: bigint): Promise<bigint>;
  /** The mark of a tree by its root. */
  markOf(root: Uint8Array): bigint;
}

/** A bit above all of the root's, so that no mark is 0 and all have one length. */
const SET = 2n ** 62n;

/**
 * A mark in the Coordinator's monotonic counter of this marble: 62 bits of the root hash. Replicas over one
 * database (`isShared`) may count a moment longer than one another; theirs says only that the poll is over.
 */
export function createEndMark(options: {
  readonly poll: string;
  readonly isShared: boolean;
  readonly counter: Pick<MarbleRoutes, "advanceCounter">;
}): EndMark {
  const { poll, isShared, counter } = options;
  const name = `results ${poll}`;
  return {
    read: async () => await counter.advanceCounter(name, 0n),
    set: async (value) => await counter.advanceCounter(name, value),
    markOf: (root) => {
      if (isShared) return SET;
      const { buffer, byteOffset } = root;
      return SET | (new DataView(buffer, byteOffset).getBigUint64(0) >> 2n);
    },
  };
}
