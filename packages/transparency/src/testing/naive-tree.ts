import type { TreeHasher } from "../tree-hasher.ts";

/** A tree by the definitions of RFC 9162, over all leaves, recursively: slow and plain. */
export interface NaiveTree {
  /** MTH(D[start:end]). */
  root(start: number, end: number): Uint8Array;
  /** PATH(index, D[0:size]). */
  inclusion(index: number, size: number): Uint8Array[];
  /** PROOF(from, D[0:to]). */
  consistency(from: number, to: number): Uint8Array[];
}

/** A tree over these leaf hashes. */
export function createNaiveTree(leaves: readonly Uint8Array[], hasher: TreeHasher): NaiveTree {
  const known = new Map<string, Uint8Array>();
  const root = (start: number, end: number): Uint8Array => {
    const key = `${start} ${end}`;
    const found = known.get(key) ?? compute(start, end);
    known.set(key, found);
    return found;
  };
  const compute = (start: number, end: number): Uint8Array => {
    const [only] = leaves.slice(start, end);
    if (only === undefined) return hasher.emptyRoot;
    if (end - start === 1) return only;
    const middle = start + split(end - start);
    return hasher.node(root(start, middle), root(middle, end));
  };
  const path = (index: number, start: number, end: number): Uint8Array[] => {
    if (end - start === 1) return [];
    const middle = start + split(end - start);
    return index < middle
      ? [...path(index, start, middle), root(middle, end)]
      : [...path(index, middle, end), root(start, middle)];
  };
  const subproof = (from: number, start: number, end: number, whole: boolean): Uint8Array[] => {
    if (from === end) return whole ? [] : [root(start, end)];
    const middle = start + split(end - start);
    return from <= middle
      ? [...subproof(from, start, middle, whole), root(middle, end)]
      : [...subproof(from, middle, end, false), root(start, middle)];
  };
  return {
    root,
    inclusion: (index, size) => path(index, 0, size),
    consistency: (from, to) => subproof(from, 0, to, true),
  };
}

function split(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}
