/** The leaves `[start, end)` of a tree: a perfect subtree, or what is left at the right edge. */
export interface SubtreeRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Subtrees whose roots are the inclusion proof of leaf `index` in the tree of `size` leaves, in the
 * order of the proof: from the leaf to the root (RFC 9162 section 2.1.3.1).
 */
export function inclusionRanges(index: number, size: number): readonly SubtreeRange[] {
  assertSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new TypeError(`index ${index} is not below the size ${size}`);
  }
  const ranges: SubtreeRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/**
 * Subtrees whose roots are the consistency proof from the first `from` leaves to all `to`, in the
 * order of the proof (RFC 9162 section 2.1.4.1). None when `from` is 0 or equals `to`.
 */
export function consistencyRanges(from: number, to: number): readonly SubtreeRange[] {
  assertSize(from);
  assertSize(to);
  if (from > to) throw new TypeError(`size ${from} is above the later size ${to}`);
  if (from === 0 || from === to) return [];
  const ranges: SubtreeRange[] = [];
  let start = 0;
  let end = to;
  while (end !== from) {
    const middle = start + splitOf(end - start);
    if (from <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // A subtree that begins at leaf 0 is the older tree itself, whose root the verifier has.
  if (start !== 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** Largest power of two below `size`, which must be above 1. Exact for every safe integer. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

function assertSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw new TypeError(`${size} is no tree size`);
}
