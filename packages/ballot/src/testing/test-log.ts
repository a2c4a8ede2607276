import {
  consistencyRanges,
  cosignCheckpoint,
  createTreeHasher,
  encodeCheckpoint,
  encodeNote,
  inclusionRanges,
  type SubtreeRange,
  signNote,
} from "@carrara/transparency";
import { type BallotAnswer, outcome } from "../answer.ts";
import { entryOf } from "../commitment.ts";
import { encodeTally, type Tally } from "../tally.ts";
import type { TestSigner } from "./test-signer.ts";

/** A log of ballots in memory that signs and proves as the voting service does. */
export interface TestLog {
  /** Appends a ballot's code; gives its index. */
  append(commitment: Uint8Array): number;
  root(size: number): Uint8Array;
  /** Signed note of the tree of `size` ballots. */
  checkpoint(size: number, witnesses?: readonly TestSigner[]): string;
  answer(index: number, size: number, witnesses?: readonly TestSigner[]): BallotAnswer;
  consistency(from: number, to: number): Uint8Array[];
  /** Signed note of a tally; members of `tally` replace what is true of the tree of `size`. */
  tally(size: number, tally: Partial<Tally>): string;
}

/** When witnesses of tests cosign. */
export const COSIGNED_AT = 1_796_100_000;

/** An empty log under this key. */
export function createTestLog({ key, sign }: TestSigner): TestLog {
  const hasher = createTreeHasher();
  const leaves: Uint8Array[] = [];
  const root = (start: number, end: number): Uint8Array => {
    const [only] = leaves.slice(start, end);
    if (only === undefined) return hasher.emptyRoot;
    if (end - start === 1) return only;
    const middle = start + 2 ** Math.floor(Math.log2(end - start - 1));
    return hasher.node(root(start, middle), root(middle, end));
  };
  const hashes = (ranges: readonly SubtreeRange[]): Uint8Array[] =>
    ranges.map(({ start, end }) => root(start, end));
  const checkpoint: TestLog["checkpoint"] = (size, witnesses = []) => {
    const text = encodeCheckpoint({ origin: key.name, size, root: root(0, size) });
    const cosignatures = witnesses.map((witness) =>
      cosignCheckpoint(text, witness.key, witness.sign, COSIGNED_AT),
    );
    return encodeNote({ text, signatures: [signNote(text, key, sign), ...cosignatures] });
  };
  return {
    append: (commitment) => leaves.push(hasher.leaf(entryOf(commitment))) - 1,
    root: (size) => root(0, size),
    checkpoint,
    answer: (index, size, witnesses) => ({
      outcome: outcome.counted,
      index,
      proof: hashes(inclusionRanges(index, size)),
      checkpoint: checkpoint(size, witnesses),
    }),
    consistency: (from, to) => hashes(consistencyRanges(from, to)),
    tally(size, tally) {
      const votes = [{ choice: 1, votes: size }];
      const counts = { counted: size, superseded: 0, votes };
      const tree = { origin: key.name, size, root: root(0, size) };
      const text = encodeTally({ ...tree, ...counts, ...tally });
      return encodeNote({ text, signatures: [signNote(text, key, sign)] });
    },
  };
}
