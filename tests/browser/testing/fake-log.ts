import { generateKeyPairSync, sign } from "node:crypto";
import { encodeTally, entryOf, logKeyOf } from "@carrara/ballot";
import {
  consistencyRanges,
  createCompactTree,
  createTreeHasher,
  encodeCheckpoint,
  encodeNote,
  inclusionRanges,
  type SubtreeRange,
  signNote,
  type VerifierKey,
} from "@carrara/transparency";

/** One counted ballot. */
export interface LoggedBallot {
  readonly choice: number;
  readonly commitment: Uint8Array;
}

/** A poll's ledger in memory, with the log key that signs for it. */
export interface FakeLog {
  readonly key: VerifierKey;
  readonly ballots: readonly LoggedBallot[];
  /** Number of the new ballot, from 0. */
  append(ballot: LoggedBallot): number;
  /** Puts another ballot in the place of one, as nobody may. */
  tamper(index: number, ballot: LoggedBallot): void;
  /** Takes the latest ballots away. */
  truncate(size: number): void;
  checkpoint(): string;
  tally(): string;
  inclusion(index: number): readonly Uint8Array[];
  consistency(from: number, to: number): readonly Uint8Array[];
}

/** Creates an empty ledger with a key of its own. */
export function createFakeLog(poll: string): FakeLog {
  const pair = generateKeyPairSync("ed25519");
  const x = pair.publicKey.export({ format: "jwk" }).x ?? "";
  const key = logKeyOf(poll, new Uint8Array(Buffer.from(x, "base64url")));
  const ballots: LoggedBallot[] = [];
  const hasher = createTreeHasher();

  const rootOf = ({ start, end }: SubtreeRange): Uint8Array => {
    const tree = createCompactTree();
    for (const { commitment } of ballots.slice(start, end)) {
      tree.append(hasher.leaf(entryOf(commitment)));
    }
    return tree.root();
  };
  const note = (text: string): string => {
    const signer = (message: Uint8Array) => new Uint8Array(sign(null, message, pair.privateKey));
    return encodeNote({ text, signatures: [signNote(text, key, signer)] });
  };
  const head = () => ({
    origin: key.name,
    size: ballots.length,
    root: rootOf({ start: 0, end: ballots.length }),
  });

  return {
    key,
    ballots,
    append: (ballot) => ballots.push(ballot) - 1,
    tamper: (index, ballot) => {
      ballots[index] = ballot;
    },
    truncate: (size) => {
      ballots.splice(size);
    },
    checkpoint: () => note(encodeCheckpoint(head())),
    tally: () => {
      const counted = ballots.length;
      return note(encodeTally({ ...head(), counted, superseded: 0, votes: votesOf(ballots) }));
    },
    inclusion: (index) => inclusionRanges(index, ballots.length).map(rootOf),
    consistency: (from, to) => consistencyRanges(from, to).map(rootOf),
  };
}

/** Votes by choice, choices ascending. */
export function votesOf(
  ballots: readonly LoggedBallot[],
): readonly { readonly choice: number; readonly votes: number }[] {
  const votes = new Map<number, number>();
  for (const { choice } of ballots) votes.set(choice, (votes.get(choice) ?? 0) + 1);
  return [...votes]
    .map(([choice, count]) => ({ choice, votes: count }))
    .sort((a, b) => a.choice - b.choice);
}
