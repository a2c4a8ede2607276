import { LedgerError } from "../error.ts";

/** Bytes of a ballot id and of a pseudonym. */
export const ID_BYTES = 16;
/** Bytes of a commitment. */
export const COMMITMENT_BYTES = 32;
/** Bytes of a record: ballot id, commitment, u16be choice, pseudonym, u16be superseded choice. */
export const RECORD_BYTES: number = ID_BYTES + COMMITMENT_BYTES + 2 + ID_BYTES + 2;
/** Highest choice number; 0 is none. */
const MAX_CHOICE = 0xffff;

/** Where a record has its fields. */
export const RECORD_OFFSET = { commitment: 16, choice: 48, pseudonym: 50, superseded: 66 } as const;

/** A ballot as the voting service opened it. */
export interface LedgerBallot {
  /** 16 bytes: the idempotency key. */
  readonly ballotId: Uint8Array;
  /** 32 bytes, computed by the service from what it counts. */
  readonly commitment: Uint8Array;
  /** 1 to 65535. */
  readonly choice: number;
  /** 16 bytes; all zero: none. */
  readonly pseudonym: Uint8Array;
}

/** Throws `LEDGER_BALLOT_INVALID` for fields of a wrong size or range. */
export function checkBallot({ ballotId, commitment, choice, pseudonym }: LedgerBallot): void {
  const fits =
    ballotId.length === ID_BYTES &&
    commitment.length === COMMITMENT_BYTES &&
    pseudonym.length === ID_BYTES &&
    Number.isInteger(choice) &&
    choice >= 1 &&
    choice <= MAX_CHOICE;
  if (!fits) throw new LedgerError("LEDGER_BALLOT_INVALID", "a field has a wrong size or range");
}

/** Writes a record at `offset`; `superseded` is the choice that this ballot takes back, 0 for none. */
export function writeRecord(
  target: Uint8Array,
  offset: number,
  ballot: LedgerBallot,
  superseded: number,
): void {
  target.set(ballot.ballotId, offset);
  target.set(ballot.commitment, offset + RECORD_OFFSET.commitment);
  writeU16(target, offset + RECORD_OFFSET.choice, ballot.choice);
  target.set(ballot.pseudonym, offset + RECORD_OFFSET.pseudonym);
  writeU16(target, offset + RECORD_OFFSET.superseded, superseded);
}

/** The choice of the record at `offset`. */
export function choiceAt(records: Uint8Array, offset: number): number {
  return readU16(records, offset + RECORD_OFFSET.choice);
}

/** The choice that the record at `offset` takes back, 0 for none. */
export function supersededAt(records: Uint8Array, offset: number): number {
  return readU16(records, offset + RECORD_OFFSET.superseded);
}

/** Whether `length` bytes of two arrays are the same. */
export function sameBytes(
  a: Uint8Array,
  aOffset: number,
  b: Uint8Array,
  bOffset: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i += 1) {
    if (a[aOffset + i] !== b[bOffset + i]) return false;
  }
  return true;
}

/** Whether the record at `offset` holds exactly this ballot. */
export function holdsBallot(records: Uint8Array, offset: number, ballot: LedgerBallot): boolean {
  const { ballotId, commitment, choice, pseudonym } = ballot;
  return (
    sameBytes(records, offset, ballotId, 0, ID_BYTES) &&
    sameBytes(records, offset + RECORD_OFFSET.commitment, commitment, 0, COMMITMENT_BYTES) &&
    choiceAt(records, offset) === choice &&
    sameBytes(records, offset + RECORD_OFFSET.pseudonym, pseudonym, 0, ID_BYTES)
  );
}

/** Whether 16 bytes at `offset` are all zero: no pseudonym. */
export function isZeroId(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < ID_BYTES; i += 1) if (bytes[offset + i] !== 0) return false;
  return true;
}

function writeU16(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 8;
  target[offset + 1] = value & 0xff;
}

function readU16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}
