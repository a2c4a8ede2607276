import { concatBytes, utf8 } from "@carrara/encoding";
import { HASH_BYTES, MAX_PROOF_HASHES } from "@carrara/transparency";
import { BallotError } from "./error.ts";

/** Length of every answer before it is sealed. */
export const ANSWER_BYTES = 1536;

/** What became of a ballot that could be opened. */
export const outcome = {
  /** It is in the tree; also when this ballot id was counted before. */
  counted: 0,
  /** The service does not take this choice. */
  refused: 1,
  /** The pseudonym has voted and the poll allows one ballot. */
  alreadyVoted: 2,
  /** The ballot id was counted with other content. */
  idReused: 3,
  noSuchChoice: 4,
} as const;

/** One of {@link outcome}. */
export type Outcome = (typeof outcome)[keyof typeof outcome];

/** What the voting service tells the sender of a ballot, and nobody else. */
export interface BallotAnswer {
  readonly outcome: Outcome;
  /** Number of the entry; index, proof and checkpoint are empty unless it was counted. */
  readonly index: number;
  /** Inclusion proof of the entry in the checkpoint's tree. */
  readonly proof: readonly Uint8Array[];
  /** Signed note. */
  readonly checkpoint: string;
}

const VERSION = 0x01;
const HEAD_BYTES = 11;
const OUTCOMES: readonly Outcome[] = Object.values(outcome);

/**
 * 0x01 ‖ outcome ‖ u64be(index) ‖ u8(n) ‖ n hashes ‖ u16be(m) ‖ m bytes ‖ zeros: always 1536 bytes.
 * What was not counted has only zeros after the outcome. Throws `ANSWER_TOO_LARGE`.
 */
export function encodeAnswer(answer: BallotAnswer): Uint8Array {
  const out = new Uint8Array(ANSWER_BYTES);
  out.set([VERSION, answer.outcome]);
  if (answer.outcome === outcome.counted) out.set(encodeCounted(answer), 2);
  return out;
}

function encodeCounted({ index, proof, checkpoint }: BallotAnswer): Uint8Array {
  if (!Number.isSafeInteger(index) || index < 0) throw new TypeError(`${index} is no index`);
  if (proof.length > MAX_PROOF_HASHES || proof.some(({ length }) => length !== HASH_BYTES)) {
    throw new TypeError("not the hashes of an inclusion proof");
  }
  const note = utf8(checkpoint);
  const bytes = HEAD_BYTES + proof.length * HASH_BYTES + 2 + note.length;
  if (bytes > ANSWER_BYTES) {
    throw new BallotError("ANSWER_TOO_LARGE", `answer: ${bytes} bytes, ${ANSWER_BYTES} allowed`);
  }
  const head = new Uint8Array(9);
  new DataView(head.buffer).setBigUint64(0, BigInt(index));
  head[8] = proof.length;
  return concatBytes(head, ...proof, new Uint8Array([note.length >> 8, note.length & 0xff]), note);
}

/** Reads an answer of exactly 1536 bytes; zeros must be zeros. Throws `ANSWER_MALFORMED`. */
export function decodeAnswer(bytes: Uint8Array): BallotAnswer {
  if (bytes.length !== ANSWER_BYTES) {
    throw malformed(`${bytes.length} bytes, ${ANSWER_BYTES} needed`);
  }
  const [version, code] = bytes;
  if (version !== VERSION) throw malformed(`version ${version}, ${VERSION} needed`);
  const found = OUTCOMES.find((known) => known === code);
  if (found === undefined) throw malformed(`outcome ${code} is not known`);
  if (found === outcome.counted) return decodeCounted(bytes);
  assertZeros(bytes.subarray(2));
  return { outcome: found, index: 0, proof: [], checkpoint: "" };
}

function decodeCounted(bytes: Uint8Array): BallotAnswer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const index = Number(view.getBigUint64(2));
  if (!Number.isSafeInteger(index)) throw malformed("index is no safe integer");
  const hashes = view.getUint8(HEAD_BYTES - 1);
  const noteStart = HEAD_BYTES + hashes * HASH_BYTES + 2;
  if (noteStart > ANSWER_BYTES) throw malformed(`proof of ${hashes} hashes is cut off`);
  const end = noteStart + view.getUint16(noteStart - 2);
  if (end > ANSWER_BYTES) throw malformed("checkpoint is cut off");
  assertZeros(bytes.subarray(end));
  const proof = Array.from({ length: hashes }, (_, i) => {
    const start = HEAD_BYTES + i * HASH_BYTES;
    return bytes.slice(start, start + HASH_BYTES);
  });
  const checkpoint = decodeUtf8(bytes.subarray(noteStart, end));
  return { outcome: outcome.counted, index, proof, checkpoint };
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new BallotError("ANSWER_MALFORMED", "answer: checkpoint is no UTF-8", { cause });
  }
}

function assertZeros(bytes: Uint8Array): void {
  if (bytes.some((byte) => byte !== 0)) throw malformed("padding is not zero");
}

function malformed(message: string): BallotError {
  return new BallotError("ANSWER_MALFORMED", `answer: ${message}`);
}
