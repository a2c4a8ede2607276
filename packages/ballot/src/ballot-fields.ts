import { concatBytes } from "@carrara/encoding";
import { BallotError } from "./error.ts";

/** Length of a ballot id. */
export const BALLOT_ID_BYTES = 16;
/** Length of the random bytes that hide a choice in its commitment. */
export const OPENING_BYTES = 32;
/** Length of a pseudonym; all zero is none. */
export const PSEUDONYM_BYTES = 16;
/** Length of an encoded ballot. */
export const BALLOT_BYTES = 67;
/** Largest number of a choice: 16 bits in every format. */
export const MAX_CHOICE = 0xffff;

const VERSION = 0x01;

/** What a voter sends, sealed. */
export interface BallotFields {
  /** Number of the choice, 0 to 65535; which of them exist is the poll's. */
  readonly choice: number;
  /** 16 random bytes: one id is counted once. */
  readonly ballotId: Uint8Array;
  /** 32 random bytes. */
  readonly opening: Uint8Array;
  /** 16 bytes that the browser keeps for one poll; all zero for none. */
  readonly pseudonym: Uint8Array;
}

/** A new ballot for `choice` with random id and opening. */
export function createBallot(
  choice: number,
  pseudonym: Uint8Array = new Uint8Array(PSEUDONYM_BYTES),
): BallotFields {
  return {
    choice,
    ballotId: crypto.getRandomValues(new Uint8Array(BALLOT_ID_BYTES)),
    opening: crypto.getRandomValues(new Uint8Array(OPENING_BYTES)),
    pseudonym,
  };
}

/** 0x01 ‖ u16be(choice) ‖ ballot id ‖ opening ‖ pseudonym: 67 bytes. */
export function encodeBallot({ choice, ballotId, opening, pseudonym }: BallotFields): Uint8Array {
  assertLength("ballot id", ballotId, BALLOT_ID_BYTES);
  assertLength("opening", opening, OPENING_BYTES);
  assertLength("pseudonym", pseudonym, PSEUDONYM_BYTES);
  return concatBytes(new Uint8Array([VERSION]), u16be(choice), ballotId, opening, pseudonym);
}

/** Reads a ballot of exactly 67 bytes; byte fields are copies. Throws `BALLOT_MALFORMED`. */
export function decodeBallot(bytes: Uint8Array): BallotFields {
  if (bytes.length !== BALLOT_BYTES) {
    throw malformed(`${bytes.length} bytes, ${BALLOT_BYTES} needed`);
  }
  const [version, high = 0, low = 0] = bytes;
  if (version !== VERSION) throw malformed(`version ${version}, ${VERSION} needed`);
  return {
    choice: high * 256 + low,
    ballotId: bytes.slice(3, 19),
    opening: bytes.slice(19, 51),
    pseudonym: bytes.slice(51),
  };
}

/** Two bytes of a choice. Throws a TypeError when it does not fit. */
export function u16be(choice: number): Uint8Array {
  if (!Number.isInteger(choice) || choice < 0 || choice > MAX_CHOICE) {
    throw new TypeError("a choice is a whole number from 0 to 65535");
  }
  return new Uint8Array([choice >> 8, choice & 0xff]);
}

/** Refuses a field of another length: a mistake of the caller. */
export function assertLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new TypeError(`${what} has ${bytes.length} bytes, ${length} needed`);
  }
}

function malformed(message: string): BallotError {
  return new BallotError("BALLOT_MALFORMED", `ballot: ${message}`);
}
