import { equalBytes } from "@carrara/encoding";
import type { Anchor, AnchoredTree } from "../anchor.ts";

/** A counter as the Coordinator keeps one, which the test can cut off or set. */
export interface MemoryAnchor extends Anchor {
  /** Ballots that it was raised to. */
  value: number;
  isAway: boolean;
  /** Sizes of each raise that it saw. */
  readonly raises: number[];
}

/** Creates an anchor in memory that knows nothing yet, or a size. */
export function createMemoryAnchor(value = 0): MemoryAnchor {
  let knownRoot: Uint8Array | undefined;
  const answer = async (): Promise<AnchoredTree> => {
    if (anchor.isAway) throw new Error("nobody answers");
    const root = knownRoot;
    const isOf = (other: Uint8Array) => root === undefined || equalBytes(root, other);
    return await Promise.resolve({ size: anchor.value, isOf });
  };
  const anchor: MemoryAnchor = {
    value,
    isAway: false,
    raises: [],
    read: answer,
    raise: async (size, root) => {
      const before = await answer();
      anchor.raises.push(size);
      if (size > anchor.value || (size === anchor.value && knownRoot === undefined)) {
        anchor.value = size;
        knownRoot = root.slice();
      }
      return before;
    },
  };
  return anchor;
}
