import {
  type NoteSignature,
  parseNote,
  readDecimal,
  TransparencyError,
  type VerifierKey,
  verifyCosignature,
} from "@carrara/transparency";
import { encodeSubmission } from "./core/submission.ts";
import { WitnessError } from "./witness-error.ts";

/** Bytes of an answer: some cosignatures, each below 200 bytes with its name. */
const MAX_ANSWER_BYTES = 8 * 1024;
/** For the whole exchange, in ms: a witness flushes one small file. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** What a log hands to one witness. */
export interface SubmitCheckpointOptions {
  /** The witness's submission prefix; `/add-checkpoint` is appended. */
  readonly url: string;
  /** Size of the tree that this witness cosigned last; 0 asks for it by a conflict. */
  readonly oldSize: number;
  /** Consistency proof from `oldSize` to the checkpoint; empty from 0. */
  readonly proof: readonly Uint8Array[];
  /** The checkpoint as a note that its log has signed. */
  readonly checkpoint: string;
  readonly witnessKey: VerifierKey;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

/** A witness's word that the checkpoint grew out of everything it has seen of this log. */
export interface WitnessCosignature {
  /** To be added to the checkpoint's note. */
  readonly signature: NoteSignature;
  /** When the witness said so, in seconds since 1970. */
  readonly timeSeconds: number;
}

/**
 * Asks a witness to cosign `checkpoint` and verifies what it answers. Throws `WITNESS_CONFLICT` with
 * the size to prove from, `WITNESS_FORK`, `WITNESS_REFUSED`, `WITNESS_UNREACHABLE`,
 * `WITNESS_ANSWER_MALFORMED`, `WITNESS_COSIGNATURE_INVALID`, or the signal's reason.
 */
export async function submitCheckpoint(
  options: SubmitCheckpointOptions,
): Promise<WitnessCosignature> {
  const answer = await post(options);
  if (answer.status === 200) return await cosignatureIn(answer.body, options);
  throw refusalOf(answer, options);
}

interface Answer {
  readonly status: number;
  /** Whether the body is a size to prove from. */
  readonly isSize: boolean;
  readonly body: string;
}

async function post(options: SubmitCheckpointOptions): Promise<Answer> {
  const { url, signal, timeoutMs = DEFAULT_TIMEOUT_MS, fetch: fetcher = fetch } = options;
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetcher(`${url.replace(/\/$/, "")}/add-checkpoint`, {
      method: "POST",
      body: encodeSubmission(options),
      headers: { "content-type": "text/plain; charset=utf-8" },
      redirect: "manual",
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    const isSize = response.headers.get("content-type") === "text/x.tlog.size";
    return { status: response.status, isSize, body: await readBounded(response) };
  } catch (cause) {
    if (cause instanceof WitnessError) throw cause;
    signal?.throwIfAborted();
    throw new WitnessError("WITNESS_UNREACHABLE", "the witness does not answer", { cause });
  }
}

async function readBounded({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw malformed(`over ${MAX_ANSWER_BYTES} bytes, the limit`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw malformed("not utf-8 text", cause);
  }
}

/** The witness's signature among those of the answer; others' are none of ours. */
async function cosignatureIn(
  body: string,
  { checkpoint, witnessKey }: SubmitCheckpointOptions,
): Promise<WitnessCosignature> {
  const { text } = parseNote(checkpoint);
  const answered = signaturesIn(text, body);
  const isOwn = ({ name, keyHash }: NoteSignature) =>
    name === witnessKey.name && keyHash === witnessKey.keyHash;
  const signature = answered.find(isOwn);
  if (signature === undefined) throw malformed("no cosignature of the witness's key");
  try {
    const note = { text, signatures: [signature] };
    const { timeSeconds } = await verifyCosignature(note, witnessKey);
    return { signature, timeSeconds };
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
    const message = "the answer's cosignature is not one of the witness's key over this checkpoint";
    throw new WitnessError("WITNESS_COSIGNATURE_INVALID", message, { cause });
  }
}

function signaturesIn(text: string, lines: string): readonly NoteSignature[] {
  try {
    return parseNote(`${text}\n${lines}`).signatures;
  } catch (cause) {
    if (!(cause instanceof TransparencyError)) throw cause;
    throw malformed("no lines of signatures", cause);
  }
}

function refusalOf(answer: Answer, { oldSize }: SubmitCheckpointOptions): WitnessError {
  const { status, isSize, body } = answer;
  if (status === 409 && isSize) return conflictOf(body, oldSize);
  if (status === 409 || status === 422) return forkAt(oldSize, status);
  if (status >= 500 || status === 429) {
    return new WitnessError("WITNESS_UNREACHABLE", `the witness answers ${status}`, { status });
  }
  if (status < 400) return malformed(`status ${status}`);
  return new WitnessError("WITNESS_REFUSED", REASONS[status] ?? `the witness answers ${status}`, {
    status,
  });
}

const REASONS: Readonly<Record<number, string>> = {
  400: "the witness calls the request malformed",
  403: "the witness knows no key that has signed this checkpoint",
  404: "the witness does not know this log",
};

function conflictOf(body: string, oldSize: number): WitnessError {
  const size = body.endsWith("\n") ? readDecimal(body.slice(0, -1)) : undefined;
  if (size === undefined) return malformed("a conflict without a size");
  // It was asked from this very size: what differs is the tree.
  if (size === oldSize) return forkAt(oldSize, 409);
  const message = `the witness has cosigned size ${size}, the proof starts at ${oldSize}`;
  return new WitnessError("WITNESS_CONFLICT", message, { status: 409, size });
}

function forkAt(oldSize: number, status: number): WitnessError {
  const message = `the witness has cosigned a tree of size ${oldSize} that this one did not grow out of`;
  return new WitnessError("WITNESS_FORK", message, { status });
}

function malformed(detail: string, cause?: unknown): WitnessError {
  return new WitnessError("WITNESS_ANSWER_MALFORMED", `the witness's answer has ${detail}`, {
    cause,
  });
}
