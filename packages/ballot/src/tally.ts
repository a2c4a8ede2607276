import { toBase64 } from "@carrara/encoding";
import {
  HASH_BYTES,
  parseNote,
  readBase64,
  readDecimal,
  type VerifierKey,
  verifyNote,
} from "@carrara/transparency";
import { MAX_CHOICE } from "./ballot-fields.ts";
import { BallotError } from "./error.ts";

const HEADER = "carrara ballot tally v1";
const TOTALS = /^counted ([0-9]+) superseded ([0-9]+)$/;
const VOTES = /^([0-9]+) ([0-9]+)$/;
/** Longest text that is read, in characters: a thousand choices need under 24,000. */
const MAX_CHARACTERS = 64 * 1024;

/** Votes of one choice; never 0. */
export interface ChoiceVotes {
  readonly choice: number;
  readonly votes: number;
}

/** Result of a poll over one tree. */
export interface Tally {
  /** Origin of the log. */
  readonly origin: string;
  /** Ballots in the tree, which is `counted` + `superseded`. */
  readonly size: number;
  readonly root: Uint8Array;
  /** Ballots that count: the sum of all votes. */
  readonly counted: number;
  /** Ballots that a later one of the same pseudonym replaced. */
  readonly superseded: number;
  /** Choices with votes, in ascending order. */
  readonly votes: readonly ChoiceVotes[];
}

/** A tally as the text of a note. Throws `TALLY_INCONSISTENT`, or TypeError for what is no tally. */
export function encodeTally(tally: Tally): string {
  const { origin, size, root, counted, superseded, votes } = tally;
  const lines = [
    HEADER,
    origin,
    size.toString(),
    toBase64(root),
    `counted ${counted} superseded ${superseded}`,
    ...votes.map(({ choice, votes }) => `${choice} ${votes}`),
  ];
  const text = `${lines.join("\n")}\n`;
  try {
    parseTally(text);
  } catch (cause) {
    if (cause instanceof BallotError && cause.code === "TALLY_INCONSISTENT") throw cause;
    throw new TypeError("not a tally", { cause });
  }
  return text;
}

/**
 * Parses the text of a tally's note, strictly, and checks that it adds up. Throws `TALLY_MALFORMED`,
 * `TALLY_INCONSISTENT`.
 */
export function parseTally(text: string): Tally {
  if (text.length > MAX_CHARACTERS) {
    throw malformed(`${text.length} characters, ${MAX_CHARACTERS} allowed`);
  }
  if (!text.endsWith("\n")) throw malformed("does not end with a newline");
  const [header, origin = "", sizeLine = "", rootLine = "", totals = "", ...lines] = text
    .slice(0, -1)
    .split("\n");
  const size = readDecimal(sizeLine);
  const root = readBase64(rootLine);
  if (header !== HEADER || origin === "") throw malformed("no header and origin");
  if (size === undefined || root?.length !== HASH_BYTES) throw malformed("no size and root");
  const [counted, superseded] = readNumbers(TOTALS, totals);
  const tally = { origin, size, root, counted, superseded, votes: lines.map(parseVotes) };
  assertConsistent(tally);
  return tally;
}

/**
 * Verifies a signed tally: the log's signature, its origin, and that it adds up. Throws what
 * {@link parseTally} throws, `CHECKPOINT_OTHER_LOG`, and a TransparencyError for note and signature.
 */
export async function verifyTally(note: string, logKey: VerifierKey): Promise<Tally> {
  const signed = parseNote(note);
  await verifyNote(signed, logKey);
  const tally = parseTally(signed.text);
  if (tally.origin === logKey.name) return tally;
  throw new BallotError("CHECKPOINT_OTHER_LOG", "tally is not of the log whose key signed it");
}

function parseVotes(line: string): ChoiceVotes {
  const [choice, votes] = readNumbers(VOTES, line);
  if (choice > MAX_CHOICE || votes === 0) throw malformed("a line is no choice with votes");
  return { choice, votes };
}

function readNumbers(pattern: RegExp, line: string): [number, number] {
  const [, firstText = "", secondText = ""] = pattern.exec(line) ?? [];
  const first = readDecimal(firstText);
  const second = readDecimal(secondText);
  if (first === undefined || second === undefined) throw malformed("a line has no two numbers");
  return [first, second];
}

function assertConsistent({ size, counted, superseded, votes }: Tally): void {
  const ascending = votes.every(({ choice }, i) => choice > (votes[i - 1]?.choice ?? -1));
  if (!ascending) throw malformed("choices are not in ascending order");
  const sum = votes.reduce((total, { votes }) => total + votes, 0);
  if (sum !== counted) {
    throw new BallotError("TALLY_INCONSISTENT", `votes sum up to ${sum}, ${counted} are counted`);
  }
  if (counted + superseded !== size) {
    const message = `${counted} counted and ${superseded} superseded in a tree of ${size}`;
    throw new BallotError("TALLY_INCONSISTENT", message);
  }
}

function malformed(message: string): BallotError {
  return new BallotError("TALLY_MALFORMED", `tally: ${message}`);
}
