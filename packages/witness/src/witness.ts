import {
  cosignCheckpoint,
  encodeNote,
  encodeSignatureLine,
  type VerifierKey,
} from "@carrara/transparency";
import { type Decision, decide } from "./core/decide.ts";
import { parseSubmission, type Submission } from "./core/submission.ts";
import { createSerial, type Serial } from "./serial.ts";
import type { StateFiles } from "./state-files.ts";
import { openTreeHeads, type TreeHeads } from "./tree-heads.ts";
import { isSignedBy, trustedLogsOf } from "./trusted-logs.ts";
import { WitnessError } from "./witness-error.ts";
import type { WitnessKey } from "./witness-key.ts";

/** An answer to `add-checkpoint`. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422 | 503;
  readonly contentType: "text/plain; charset=utf-8" | "text/x.tlog.size";
  readonly body: string;
}

/** What a witness's operator wants to know; all of it is public. */
export type WitnessEvent =
  | { readonly event: "checkpoint cosigned"; readonly origin: string; readonly size: number }
  /**
   * The log has signed `note`, and it did not follow from the tree of `size` that was cosigned: of one size
   * both signatures prove a fork, else a proof was wrong, or there is none.
   */
  | {
      readonly event: "fork seen" | "growth not proven";
      readonly origin: string;
      readonly size: number;
      readonly note: string;
    }
  | {
      readonly event: "checkpoint refused";
      readonly status: number;
      readonly reason: string;
      readonly origin?: string;
    };

/** What a witness is made of. */
export interface WitnessOptions {
  readonly key: WitnessKey;
  /** Ed25519 keys of the logs that are watched. */
  readonly logKeys: readonly VerifierKey[];
  readonly files: StateFiles;
  readonly now: () => Date;
  readonly onEvent?: (event: WitnessEvent) => void;
}

/** Cosigns checkpoints of logs that only grow. */
export interface Witness {
  /** What others verify cosignatures with. */
  readonly verifierKey: VerifierKey;
  /** Answers one request, whose body is a stranger's. Never rejects for what is in it. */
  addCheckpoint(body: Uint8Array): Promise<WitnessAnswer>;
}

/** Opens a witness over what it has kept. Throws `WITNESS_STATE_INVALID`. */
export async function openWitness(options: WitnessOptions): Promise<Witness> {
  const { key, files, now, onEvent = () => undefined } = options;
  const logs = trustedLogsOf(options.logKeys);
  const heads = await openTreeHeads(files, logs);
  // To compare and to keep must be one step, or an older request would undo a newer one.
  const serials = new Map([...logs.keys()].map((origin) => [origin, createSerial()] as const));
  const unknown: Serial = async (work) => await work();
  return {
    verifierKey: key.verifierKey,
    async addCheckpoint(body) {
      const submission = parsed(body);
      if (submission instanceof WitnessError) return refused(400, submission.message, onEvent);
      const { note, checkpoint } = submission;
      const { origin } = checkpoint;
      const signed = await isSignedBy(logs, origin, note);
      return await (serials.get(origin) ?? unknown)(async () => {
        const decision = decide(heads.of(origin), { submission, signed });
        if (decision.kind !== "cosign") return answerTo(decision, submission, onEvent);
        return await keepAndCosign({ heads, key, now, onEvent }, submission);
      });
    },
  };
}

function parsed(body: Uint8Array): Submission | WitnessError {
  try {
    return parseSubmission(body);
  } catch (cause) {
    if (cause instanceof WitnessError) return cause;
    throw cause;
  }
}

interface Shell extends Required<Pick<WitnessOptions, "key" | "now" | "onEvent">> {
  readonly heads: TreeHeads;
}

/** The promise is on the disk before the cosignature exists. */
async function keepAndCosign(
  { heads, key, now, onEvent }: Shell,
  { note, checkpoint }: Submission,
): Promise<WitnessAnswer> {
  const { origin, size, root } = checkpoint;
  try {
    if (heads.of(origin)?.size !== size) {
      await heads.advance(origin, { size, root }, encodeNote(note));
    }
  } catch (cause) {
    if (!(cause instanceof WitnessError)) throw cause;
    return refused(503, cause.message, onEvent, origin);
  }
  const timeSeconds = Math.floor(now().getTime() / 1000);
  const signature = cosignCheckpoint(note.text, key.verifierKey, key.sign, timeSeconds);
  onEvent({ event: "checkpoint cosigned", origin, size });
  const body = encodeSignatureLine(signature);
  return { status: 200, contentType: "text/plain; charset=utf-8", body };
}

function answerTo(
  decision: Exclude<Decision, { readonly kind: "cosign" }>,
  { note, oldSize, checkpoint: { origin } }: Submission,
  onEvent: (event: WitnessEvent) => void,
): WitnessAnswer {
  if (decision.kind === "conflict") {
    return { status: 409, contentType: "text/x.tlog.size", body: `${decision.size}\n` };
  }
  if (decision.kind === "refuse" && decision.status !== 422) {
    return refused(decision.status, decision.reason, onEvent, origin);
  }
  const isFork = decision.kind === "fork";
  const event = isFork ? "fork seen" : "growth not proven";
  onEvent({ event, origin, size: oldSize, note: encodeNote(note) });
  // A size would say: prove from there. There is no such proof.
  const reason = isFork ? `another tree of size ${oldSize} was cosigned` : decision.reason;
  return plain(isFork ? 409 : 422, reason);
}

function refused(
  status: 400 | 403 | 404 | 503,
  reason: string,
  onEvent: (event: WitnessEvent) => void,
  origin?: string,
): WitnessAnswer {
  const named = origin === undefined ? {} : { origin };
  onEvent({ event: "checkpoint refused", status, reason, ...named });
  return plain(status, reason);
}

function plain(status: WitnessAnswer["status"], line: string): WitnessAnswer {
  return { status, contentType: "text/plain; charset=utf-8", body: `${line}\n` };
}
