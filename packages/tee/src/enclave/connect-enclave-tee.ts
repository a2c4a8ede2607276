import { createSimulationAnchor, type TeeKind, type TrustAnchor } from "@carrara/attestation";
import { fromBase64, toHex } from "@carrara/encoding";
import { TeeError } from "../error.ts";
import type { Tee } from "../tee.ts";
import { type EnclaveChannel, openProcessChannel } from "./enclave-channel.ts";
import { parseReply, type Question, REPORT_DATA_BYTES } from "./protocol.ts";

/** Longest wait for one answer of the platform, in milliseconds; it takes about one. */
const REPLY_TIMEOUT_MS = 10_000;
/** Requests in flight at once: evidence is wanted a few times in the life of an enclave. */
const MAX_PENDING = 64;
const SEALING_KEY_BYTES = 32;

/**
 * The platform that started this process, over the channel it gave. The platform decides who asks:
 * it measured the image before it started it, and nothing said here can change that. Throws
 * `NOT_IN_ENCLAVE`, `CHANNEL_CLOSED`, `CHANNEL_TIMEOUT`, `EVIDENCE_REFUSED`.
 */
export async function connectEnclaveTee(
  channel: EnclaveChannel = openProcessChannel(),
): Promise<Tee> {
  const converse = openConversation(channel);
  const ask = async (question: Question): Promise<Uint8Array> => (await converse(question)).value;
  const { value: anchor, tee } = await converse({ kind: "anchor" });
  if (tee === undefined) {
    throw new TeeError("EVIDENCE_REFUSED", "the platform does not say what kind it is");
  }
  const trustAnchor: TrustAnchor = createSimulationAnchor(anchor);
  return {
    tee,
    assurance: trustAnchor.kind,
    trustAnchor,
    async getEvidence(reportData) {
      if (reportData.length > REPORT_DATA_BYTES) {
        throw new TypeError(`report data has ${reportData.length} bytes, 64 allowed`);
      }
      return await ask({ kind: "quote", reportData: toHex(reportData) });
    },
    async getSealingKey(policy) {
      const key = await ask({ kind: "seal", policy });
      if (key.length === SEALING_KEY_BYTES) return key;
      throw new TeeError("EVIDENCE_REFUSED", `sealing key has ${key.length} bytes, 32 needed`);
    },
  };
}

interface Answer {
  readonly value: Uint8Array;
  readonly tee: TeeKind | undefined;
}

interface Waiter {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: TeeError) => void;
}

/** Numbers the questions sent over `channel` and hands each its own answer. */
function openConversation(channel: EnclaveChannel): (question: Question) => Promise<Answer> {
  const waiting = new Map<number, Waiter>();
  let nextId = 0;
  let closed = false;
  const settle = (id: number): Waiter | undefined => {
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) channel.hold(false);
    return waiter;
  };
  channel.open(
    (message) => {
      const reply = parseReply(message);
      if (reply === undefined) return;
      const waiter = settle(reply.id);
      if ("error" in reply) waiter?.reject(new TeeError("EVIDENCE_REFUSED", reply.error));
      else waiter?.resolve({ value: fromBase64(reply.value), tee: reply.tee });
    },
    () => {
      closed = true;
      for (const id of [...waiting.keys()]) settle(id)?.reject(gone());
    },
  );
  return async (question) => {
    if (closed) throw gone();
    if (waiting.size >= MAX_PENDING) {
      throw new TeeError("EVIDENCE_REFUSED", `${MAX_PENDING} requests are in flight already`);
    }
    const id = nextId;
    nextId += 1;
    return await new Promise<Answer>((resolve, reject) => {
      const late = new TeeError("CHANNEL_TIMEOUT", `no answer within ${REPLY_TIMEOUT_MS} ms`);
      const timer = setTimeout(() => settle(id)?.reject(late), REPLY_TIMEOUT_MS);
      waiting.set(id, {
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        reject: (reason) => {
          clearTimeout(timer);
          reject(reason);
        },
      });
      channel.hold(true);
      try {
        channel.send({ ...question, carrara: 1, id });
      } catch (cause) {
        settle(id)?.reject(cause instanceof TeeError ? cause : gone(cause));
      }
    });
  };
}

function gone(cause?: unknown): TeeError {
  return new TeeError("CHANNEL_CLOSED", "the platform is gone", { cause });
}
