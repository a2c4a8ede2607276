import { malformed, readFields, WireWriter } from "./wire.ts";

/** Where a counted vote is in the log. */
export interface VoteReceipt {
  /** Of the vote in its batch. */
  readonly position: number;
  /** In the log; a safe integer. */
  readonly index: number;
  /** 32 bytes. */
  readonly commitment: Uint8Array;
  /** Which of the batch's `hashes` prove it, leaf to root. */
  readonly proof: readonly number[];
}

/** What the voting service answers to one batch: `AnswerBatch` of proto/carrara/ballot/v1. */
export interface AnswerBatch {
  /** Of the batch answered. */
  readonly id: number;
  /** `castStatus` of each vote, then of each ballot. */
  readonly statuses: Uint8Array;
  readonly receipts: readonly VoteReceipt[];
  /** 32 bytes each. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note that the receipts lead to; empty without receipts. */
  readonly checkpoint: string;
  /** 1564 bytes for each ballot with status 0. */
  readonly answers: readonly Uint8Array[];
  /** The log's C2SP verifier key; empty without receipts. */
  readonly logKey: string;
}

const HASH_BYTES = 32;
const ANSWER_BYTES = 1564;
const RECEIPT_HEAD_BYTES = 41;
/** Hashes of one proof: a tree of 2^53 leaves is 53 high. */
const MAX_PROOF_HASHES = 64;
const FIELD = {
  id: 1,
  statuses: 2,
  receipts: 3,
  hashes: 4,
  checkpoint: 5,
  answers: 6,
  logKey: 7,
} as const;

/** The longest answer that is read: 128 sealed answers, or the receipts of 1024 votes with a proof each of their own. */
const MAX_ANSWER_BYTES = 262_144;

/** Encodes an answer, the same bytes that protobuf-es writes. */
export function encodeAnswerBatch(batch: AnswerBatch): Buffer {
  const { id, statuses, receipts, hashes, checkpoint, answers, logKey } = batch;
  let receiptBytes = 0;
  for (const { proof } of receipts) receiptBytes += RECEIPT_HEAD_BYTES + 2 * proof.length;
  const checkpointBytes = Buffer.byteLength(checkpoint);
  const logKeyBytes = Buffer.byteLength(logKey);
  const payload =
    statuses.length +
    receiptBytes +
    hashes.length * HASH_BYTES +
    checkpointBytes +
    answers.length * ANSWER_BYTES +
    logKeyBytes;
  const writer = new WireWriter(payload, 7);
  writer.varint(FIELD.id, id);
  writer.delimited(FIELD.statuses, statuses.length).set(statuses);
  writeReceipts(writer.delimited(FIELD.receipts, receiptBytes), receipts);
  writeRecords(writer.delimited(FIELD.hashes, hashes.length * HASH_BYTES), hashes, HASH_BYTES);
  writer.delimited(FIELD.checkpoint, checkpointBytes).write(checkpoint, "utf8");
  const room = writer.delimited(FIELD.answers, answers.length * ANSWER_BYTES);
  writeRecords(room, answers, ANSWER_BYTES);
  writer.delimited(FIELD.logKey, logKeyBytes).write(logKey, "utf8");
  return writer.finish();
}

/** Decodes an answer; its bytes are views. Throws `BATCH_MALFORMED`. */
export function decodeAnswerBatch(message: Uint8Array): AnswerBatch {
  const found = new Map<number, Uint8Array>();
  let id = 0;
  for (const { number, value, bytes } of readFields(message, MAX_ANSWER_BYTES)) {
    if (number === FIELD.id) id = value;
    else if (number <= FIELD.logKey) found.set(number, bytes);
    else throw malformed("unknown field");
  }
  const bytesOf = (number: number): Uint8Array => found.get(number) ?? new Uint8Array(0);
  const hashes = recordsOf(bytesOf(FIELD.hashes), HASH_BYTES);
  return {
    id,
    statuses: bytesOf(FIELD.statuses),
    receipts: readReceipts(bytesOf(FIELD.receipts), hashes.length),
    hashes,
    checkpoint: viewOf(bytesOf(FIELD.checkpoint)).toString("utf8"),
    answers: recordsOf(bytesOf(FIELD.answers), ANSWER_BYTES),
    logKey: viewOf(bytesOf(FIELD.logKey)).toString("utf8"),
  };
}

function writeReceipts(room: Buffer, receipts: readonly VoteReceipt[]): void {
  let at = 0;
  for (const { position, index, commitment, proof } of receipts) {
    room.writeUInt16BE(position, at);
    room.writeUIntBE(index, at + 2, 6);
    room.set(commitment, at + 8);
    room[at + 40] = proof.length;
    at += RECEIPT_HEAD_BYTES;
    for (let i = 0; i < proof.length; i++, at += 2) room.writeUInt16BE(proof[i] ?? 0, at);
  }
}

function readReceipts(bytes: Uint8Array, hashes: number): readonly VoteReceipt[] {
  const view = viewOf(bytes);
  const receipts: VoteReceipt[] = [];
  let at = 0;
  while (at < view.length) {
    const length = view[at + 40] ?? MAX_PROOF_HASHES + 1;
    const end = at + RECEIPT_HEAD_BYTES + 2 * length;
    if (length > MAX_PROOF_HASHES || end > view.length) throw malformed("receipt is cut");
    const proof = new Array<number>(length);
    for (let i = 0; i < length; i++) {
      const number = view.readUInt16BE(at + RECEIPT_HEAD_BYTES + 2 * i);
      if (number >= hashes) throw malformed("receipt names a hash that is not there");
      proof[i] = number;
    }
    receipts.push({
      position: view.readUInt16BE(at),
      index: view.readUIntBE(at + 2, 6),
      commitment: view.subarray(at + 8, at + 40),
      proof,
    });
    at = end;
  }
  return receipts;
}

function writeRecords(room: Buffer, records: readonly Uint8Array[], length: number): void {
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as Uint8Array;
    if (record.length !== length) throw malformed(`record has not ${length} bytes`);
    room.set(record, i * length);
  }
}

function recordsOf(bytes: Uint8Array, length: number): readonly Uint8Array[] {
  const count = bytes.length / length;
  if (!Number.isInteger(count)) throw malformed("records are cut");
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * length, (i + 1) * length));
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
