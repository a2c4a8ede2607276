import { EmojivotoError } from "../service/emojivoto-error.ts";

/** A list of small numbers under an id: the shape of both messages of `carrara.ballot.v1`. */
export interface Batch {
  /** 32 bits, unsigned. */
  readonly id: number;
  /** `choices` of a VoteBatch, `outcomes` of an AckBatch: each below 128. */
  readonly values: readonly number[];
}

/** Votes in one message; bounds what one message makes the voting service do at once. */
export const MAX_BATCH_VOTES = 1024;

/** Room for a full batch, its tags and lengths. */
const MAX_BATCH_BYTES = MAX_BATCH_VOTES + 16;

const ID_TAG = 0x08;
const VALUES_TAG = 0x12;
const MORE = 0x80;

/**
 * Encodes a VoteBatch or an AckBatch of proto/carrara/ballot/v1, the same bytes that protobuf-es writes.
 * By hand because it runs for every batch of votes: a quarter of the time of the general encoder.
 */
export function encodeBatch({ id, values }: Batch): Uint8Array {
  const { length } = values;
  const bytes = new Uint8Array(length + 16);
  let at = 0;
  if (id !== 0) {
    bytes[at++] = ID_TAG;
    at = writeVarint(bytes, at, id);
  }
  if (length > 0) {
    bytes[at++] = VALUES_TAG;
    at = writeVarint(bytes, at, length);
    // Values below 128 are one byte each, so the packed field has as many bytes as values.
    for (let i = 0; i < length; i++) bytes[at++] = smallNumber(values[i] ?? MORE);
  }
  return bytes.subarray(0, at);
}

/** Decodes what `encodeBatch` writes. Attacker-controlled input: anything else throws `BATCH_MALFORMED`. */
export function decodeBatch(bytes: Uint8Array): Batch {
  if (bytes.length > MAX_BATCH_BYTES) throw malformed("batch is too long");
  let at = 0;
  let id = 0;
  if (bytes[at] === ID_TAG) {
    [id, at] = readVarint(bytes, at + 1);
  }
  if (at === bytes.length) return { id, values: [] };
  if (bytes[at] !== VALUES_TAG) throw malformed("unknown field");
  const [length, start] = readVarint(bytes, at + 1);
  if (start + length !== bytes.length || length > MAX_BATCH_VOTES) throw malformed("wrong length");
  const values = new Array<number>(length);
  for (let i = 0; i < length; i++) values[i] = smallNumber(bytes[start + i] ?? MORE);
  return { id, values };
}

function smallNumber(value: number): number {
  if (value >= MORE || value < 0) throw malformed("value is not below 128");
  return value;
}

function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= MORE) {
    bytes[at++] = (rest & 0x7f) | MORE;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

function readVarint(bytes: Uint8Array, start: number): [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) throw malformed("truncated");
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < MORE) return [checked32(value), start + i + 1];
  }
  throw malformed("number is too long");
}

function checked32(value: number): number {
  if (value > 0xffff_ffff) throw malformed("number is above 32 bits");
  return value;
}

function malformed(what: string): EmojivotoError {
  return new EmojivotoError("BATCH_MALFORMED", what);
}
