import { toBase64, utf8 } from "@carrara/encoding";
import {
  type Checkpoint,
  HASH_BYTES,
  parseCheckpoint,
  parseNote,
  readBase64,
  readDecimal,
  type SignedNote,
  TransparencyError,
} from "@carrara/transparency";
import { WitnessError } from "../witness-error.ts";

/** Hashes that a request may have (C2SP tlog-witness): enough for a tree of 2^63 leaves. */
const MAX_PROOF_LINES = 63;

/** Bytes of a request: the longest proof has 2.8 kB, the rest is for a note with its cosignatures. */
export const MAX_SUBMISSION_BYTES: number = 16 * 1024;

const OLD = "old ";

/** What a log hands to a witness: a checkpoint, and the proof that it grew out of an older one. */
export interface Submission {
  /** Size of the tree that the proof starts from; 0 when the witness has seen none. */
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  readonly note: SignedNote;
  readonly checkpoint: Checkpoint;
}

/**
 * Parses the body of `add-checkpoint`; verifies nothing. `body` is a stranger's. Throws
 * `SUBMISSION_MALFORMED`.
 */
export function parseSubmission(body: Uint8Array): Submission {
  const text = decode(body);
  const end = text.indexOf("\n\n");
  if (end < 0) throw malformed("no empty line ends the proof");
  const [oldLine = "", ...proofLines] = text.slice(0, end).split("\n");
  if (proofLines.length > MAX_PROOF_LINES) {
    throw malformed(`${proofLines.length} proof lines, ${MAX_PROOF_LINES} allowed`);
  }
  const oldSize = oldSizeOf(oldLine);
  return { oldSize, proof: proofLines.map(hashOf), ...checkpointOf(text.slice(end + 2)) };
}

/** The body of `add-checkpoint`; `checkpoint` is the signed note. */
export function encodeSubmission(p: {
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: string;
}): Uint8Array {
  const proofLines = p.proof.map((hash) => `${toBase64(hash)}\n`).join("");
  return utf8(`old ${p.oldSize}\n${proofLines}\n${p.checkpoint}`);
}

function decode(body: Uint8Array): string {
  if (body.length > MAX_SUBMISSION_BYTES) {
    throw malformed(`${body.length} bytes, ${MAX_SUBMISSION_BYTES} allowed`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch (cause) {
    throw malformed("not utf-8 text", cause);
  }
}

function oldSizeOf(line: string): number {
  const size = line.startsWith(OLD) ? readDecimal(line.slice(OLD.length)) : undefined;
  if (size === undefined) throw malformed("the first line is not the old size");
  return size;
}

function hashOf(line: string): Uint8Array {
  const hash = readBase64(line);
  if (hash?.length !== HASH_BYTES) throw malformed("a proof line is not base64 of 32 bytes");
  return hash;
}

function checkpointOf(text: string): Pick<Submission, "note" | "checkpoint"> {
  try {
    const note = parseNote(text);
    return { note, checkpoint: parseCheckpoint(note.text) };
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
    throw malformed(`the checkpoint is malformed: ${cause.code}`, cause);
  }
}

function malformed(detail: string, cause?: unknown): WitnessError {
  return new WitnessError("SUBMISSION_MALFORMED", detail, { cause });
}
