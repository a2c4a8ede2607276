import { concatBytes, utf8 } from "@carrara/encoding";
import {
  Aes256Gcm,
  CipherSuite,
  DhkemP256HkdfSha256,
  HkdfSha256,
  type SenderContext,
} from "@hpke/core";
import { type BallotAnswer, decodeAnswer } from "./answer.ts";
import { type BallotFields, encodeBallot } from "./ballot-fields.ts";
import { BallotError } from "./error.ts";
import { keyIdOf, PUBLIC_KEY_BYTES } from "./hpke-key.ts";
import { labelBytes, pollBytes } from "./poll-name.ts";

/** Length of every sealed ballot: key id, encapsulated key, ciphertext and tag. */
export const SEALED_BALLOT_BYTES = 156;
/** Length of every sealed answer: nonce, ciphertext and tag. */
export const SEALED_ANSWER_BYTES = 1564;
/** Label under which both sides derive the answer's key from the HPKE context (RFC 9180 section 5.3). */
export const ANSWER_EXPORT_LABEL: Uint8Array = utf8("carrara ballot answer v1");
/** Length of the answer's AES-256 key. */
export const ANSWER_KEY_BYTES = 32;
/** Length of the nonce in front of a sealed answer. */
export const ANSWER_NONCE_BYTES = 12;

/** A ballot that only the voting service can open, and what its answer is opened with. */
export interface SealedBallot {
  /** 156 bytes, whatever the choice. */
  readonly bytes: Uint8Array;
  /** Opens the 1564 bytes of the service's answer. Throws `ANSWER_INVALID`, `ANSWER_MALFORMED`. */
  openAnswer(answer: Uint8Array): Promise<BallotAnswer>;
}

/** HPKE `info` of a poll's ballots: label ‖ 0x00 ‖ poll. */
export function ballotInfo(poll: string): Uint8Array {
  return concatBytes(labelBytes("carrara ballot v1"), pollBytes(poll));
}

/**
 * Seals a ballot to a voting service's key: HPKE base mode with DHKEM(P-256, HKDF-SHA256),
 * HKDF-SHA256 and AES-256-GCM (RFC 9180). Throws `BALLOT_KEY_INVALID` for 65 bytes that are no point.
 */
export async function sealBallot(p: {
  readonly poll: string;
  readonly publicKey: Uint8Array;
  readonly ballot: BallotFields;
}): Promise<SealedBallot> {
  const { poll, publicKey, ballot } = p;
  const plaintext = encodeBallot(ballot);
  const keyId = keyIdOf(publicKey);
  const sender = await createSender(publicKey, ballotInfo(poll));
  const ciphertext = new Uint8Array(await sender.seal(plaintext, keyId));
  const bytes = concatBytes(keyId, new Uint8Array(sender.enc), ciphertext);
  if (bytes.length !== SEALED_BALLOT_BYTES) {
    throw new TypeError(`sealed ballot has ${bytes.length} bytes, ${SEALED_BALLOT_BYTES} needed`);
  }
  const secret = await sender.export(ANSWER_EXPORT_LABEL, ANSWER_KEY_BYTES);
  const key = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["decrypt"]);
  return { bytes, openAnswer: async (answer) => decodeAnswer(await openAnswer(key, answer)) };
}

async function createSender(publicKey: Uint8Array, info: Uint8Array): Promise<SenderContext> {
  const suite = new CipherSuite({
    kem: new DhkemP256HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Aes256Gcm(),
  });
  // Bytes of their own: the library takes the whole buffer below a view.
  const recipientPublicKey = await suite.kem
    .deserializePublicKey(publicKey.slice())
    .catch((cause: unknown) => {
      const message = `the ${PUBLIC_KEY_BYTES} bytes are no point on P-256`;
      throw new BallotError("BALLOT_KEY_INVALID", message, { cause });
    });
  return await suite.createSenderContext({ recipientPublicKey, info });
}

type AnswerKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

async function openAnswer(key: AnswerKey, answer: Uint8Array): Promise<Uint8Array> {
  if (answer.length !== SEALED_ANSWER_BYTES) {
    const message = `sealed answer has ${answer.length} bytes, ${SEALED_ANSWER_BYTES} needed`;
    throw new BallotError("ANSWER_INVALID", message);
  }
  const iv = answer.subarray(0, ANSWER_NONCE_BYTES);
  const sealed = answer.subarray(ANSWER_NONCE_BYTES);
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed));
  } catch (cause) {
    throw new BallotError("ANSWER_INVALID", "answer was not sealed for this ballot", { cause });
  }
}
