import { SEALED_BALLOT_BYTES } from "@carrara/ballot";
import { malformed, readFields, WireWriter } from "./wire.ts";

/** A vote that web can read: the plain route's. */
export interface PlainVote {
  /** The position of its RPC, from 1; 16 bits. */
  readonly choice: number;
  /** The idempotency key, 16 bytes. */
  readonly ballotId: Uint8Array;
  readonly wantsReceipt: boolean;
}

/** What web sends at once: `CastBatch` of proto/carrara/ballot/v1. */
export interface CastBatch {
  /** 32 bits, unsigned. */
  readonly id: number;
  readonly votes: readonly PlainVote[];
  /** Each of 123 bytes. */
  readonly ballots: readonly Uint8Array[];
}

/** Plain votes in one message at most; bounds what one message makes the voting service do at once. */
export const MAX_BATCH_VOTES = 1024;
/** Sealed ballots in one message at most: opening each takes 0.07 ms. */
export const MAX_BATCH_BALLOTS = 128;

const VOTE_BYTES = 19;
const BALLOT_ID_BYTES = 16;
const WANTS_RECEIPT = 1;
const MAX_MESSAGE_BYTES =
  MAX_BATCH_VOTES * VOTE_BYTES + MAX_BATCH_BALLOTS * SEALED_BALLOT_BYTES + 32;
const FIELD = { id: 1, votes: 2, ballots: 3 } as const;

/** Encodes a batch, the same bytes that protobuf-es writes. By hand because it runs for every batch of votes. */
export function encodeCastBatch({ id, votes, ballots }: CastBatch): Buffer {
  const payload = votes.length * VOTE_BYTES + ballots.length * SEALED_BALLOT_BYTES;
  const writer = new WireWriter(payload, 3);
  writer.varint(FIELD.id, id);
  const room = writer.delimited(FIELD.votes, votes.length * VOTE_BYTES);
  for (let i = 0; i < votes.length; i++) writeVote(room, i * VOTE_BYTES, votes[i] as PlainVote);
  const sealed = writer.delimited(FIELD.ballots, ballots.length * SEALED_BALLOT_BYTES);
  for (let i = 0; i < ballots.length; i++) {
    const ballot = ballots[i] as Uint8Array;
    if (ballot.length !== SEALED_BALLOT_BYTES) {
      throw malformed("ballot has another length than 123 bytes");
    }
    sealed.set(ballot, i * SEALED_BALLOT_BYTES);
  }
  return writer.finish();
}

/** Decodes a batch; its bytes are views. Attacker-controlled input: throws `BATCH_MALFORMED`. */
export function decodeCastBatch(message: Uint8Array): CastBatch {
  let id = 0;
  let votes: readonly Uint8Array[] = [];
  let ballots: readonly Uint8Array[] = [];
  for (const { number, value, bytes } of readFields(message, MAX_MESSAGE_BYTES)) {
    if (number === FIELD.id) id = value;
    else if (number === FIELD.votes) votes = recordsOf(bytes, VOTE_BYTES, MAX_BATCH_VOTES);
    else if (number === FIELD.ballots) {
      ballots = recordsOf(bytes, SEALED_BALLOT_BYTES, MAX_BATCH_BALLOTS);
    } else throw malformed("unknown field");
  }
  return { id, votes: votes.map(readVote), ballots };
}

function writeVote(room: Buffer, at: number, vote: PlainVote): void {
  if (vote.ballotId.length !== BALLOT_ID_BYTES) throw malformed("ballot id has not 16 bytes");
  room[at] = vote.wantsReceipt ? WANTS_RECEIPT : 0;
  room.writeUInt16BE(vote.choice, at + 1);
  room.set(vote.ballotId, at + 3);
}

function readVote(record: Uint8Array): PlainVote {
  const flags = record[0] ?? 0;
  if (flags > WANTS_RECEIPT) throw malformed("unknown flag");
  return {
    wantsReceipt: flags === WANTS_RECEIPT,
    choice: ((record[1] ?? 0) << 8) | (record[2] ?? 0),
    ballotId: record.subarray(3),
  };
}

function recordsOf(bytes: Uint8Array, length: number, max: number): readonly Uint8Array[] {
  const count = bytes.length / length;
  if (!Number.isInteger(count)) throw malformed("records are cut");
  if (count > max) throw malformed(`batch has ${count} entries, at most ${max} are allowed`);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * length, (i + 1) * length));
}
