import { equalBytes, toHex } from "@carrara/encoding";
import { MAX_CHOICE, OPENING_BYTES } from "./ballot-fields.ts";
import { COMMITMENT_BYTES, commitmentOf } from "./commitment.ts";
import { BallotError } from "./error.ts";
import { readDocument } from "./json-document.ts";
import { isPollName } from "./poll-name.ts";

const TYPE = "carrara.ballot.opening.v1";
const MEMBERS = ["type", "poll", "choice", "opening", "commitment"];
/** Longest opening that is read, in characters: under 350 are usual. */
const MAX_CHARACTERS = 4 * 1024;

/** A ballot that is audited instead of cast (Benaloh challenge): anybody can recompute its code. */
export interface Opening {
  readonly poll: string;
  readonly choice: number;
  /** 32 bytes. Secret until the voter decides to audit, and then never cast. */
  readonly opening: Uint8Array;
  /** The code that was shown before the voter decided. */
  readonly commitment: Uint8Array;
}

/** An opening as one line of JSON. */
export function encodeOpening({ poll, choice, opening, commitment }: Opening): string {
  const hex = { opening: toHex(opening), commitment: toHex(commitment) };
  return JSON.stringify({ type: TYPE, poll, choice, ...hex });
}

/** Parses an opening strictly; checks nothing. Throws `OPENING_MALFORMED`. */
export function parseOpening(text: string): Opening {
  const format = { code: "OPENING_MALFORMED", maxCharacters: MAX_CHARACTERS } as const;
  const document = readDocument(text, { ...format, members: MEMBERS, type: TYPE });
  const poll = document.string("poll");
  if (!isPollName(poll)) throw document.fail("not the name of a poll");
  return {
    poll,
    choice: document.integer("choice", MAX_CHOICE),
    opening: document.hex("opening", OPENING_BYTES),
    commitment: document.hex("commitment", COMMITMENT_BYTES),
  };
}

/** Checks that the code was made from this choice. Throws `OPENING_INVALID`. */
export function checkOpening(opening: Opening): void {
  if (equalBytes(commitmentOf(opening), opening.commitment)) return;
  throw new BallotError("OPENING_INVALID", "the ballot code was made from something else");
}
