import type { MarbleRoutes } from "@carrara/client";

/** The memory that a poll's hidden results were shown, and over which ballots; the host cannot take it back. */
export interface EndMark {
  /** What was set, 0 for nothing. */
  read(): Promise<bigint>;
  /** Sets it, unless another process did or is about to; whether it has this value now. */
  set(value: bigint): Promise<boolean>;
  /** The mark of a tree by its root. */
  markOf(root: Uint8Array): bigint;
}

/** A bit above all of the root's, so that no mark is 0 and all have one length. */
const SET = 2n ** 62n;

/**
 * A mark in the Coordinator's monotonic counter of this marble: 62 bits of the root hash. Such a counter
 * takes the larger of two values, so another one tells who came first: whoever raises that from 0 sets the
 * mark, once. (Ended between the two, results stay hidden until the manifest shows them.) Replicas over one
 * database (`isShared`) may count a moment longer than one another; theirs says only that the poll is over.
 */
export function createEndMark(options: {
  readonly poll: string;
  readonly isShared: boolean;
  readonly counter: Pick<MarbleRoutes, "advanceCounter">;
}): EndMark {
  const { poll, isShared, counter } = options;
  const name = `results ${poll}`;
  let isFirst = false;
  const read = async (): Promise<bigint> => await counter.advanceCounter(name, 0n);
  return {
    read,
    set: async (value) => {
      isFirst ||= (await counter.advanceCounter(`${name} claimed`, 1n)) === 0n;
      if (isFirst) await counter.advanceCounter(name, value);
      return (await read()) === value;
    },
    markOf: (root) => {
      if (isShared) return SET;
      const { buffer, byteOffset } = root;
      return SET | (new DataView(buffer, byteOffset).getBigUint64(0) >> 2n);
    },
  };
}
