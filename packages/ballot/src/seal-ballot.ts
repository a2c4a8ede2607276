import { concatBytes, utf8 } from "@carrara/encoding";
import {
  Aes256Gcm,
  CipherSuite,
  DhkemX25519HkdfSha256,
  HkdfSha256,
  type SenderContext,
} from "@hpke/core";
import { type BallotAnswer, decodeAnswer } from "./answer.ts";
import { type BallotFields, encodeBallot } from "./ballot-fields.ts";
import { BallotError } from "./error.ts";
import { keyIdOf } from "./hpke-key.ts";
import { labelBytes, pollBytes } from "./poll-name.ts";

/** Length of every sealed ballot: key id, encapsulated key, ciphertext and tag. */
export const SEALED_BALLOT_BYTES = 123;
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
  /** 123 bytes, whatever the choice. */
  readonly bytes: Uint8Array;
  /** Opens the 1564 bytes of the service's answer. Throws `ANSWER_INVALID`, `ANSWER_MALFORMED`. */
  openAnswer(answer: Uint8Array): Promise<BallotAnswer>;
}

/** HPKE `info` of a poll's ballots: label ‖ 0x00 ‖ poll. */
export function ballotInfo(poll: string): Uint8Array {
  return concatBytes(labelBytes("carrara ballot v1"), pollBytes(poll));
}

/**
 * Seals a ballot to a voting service's key: HPKE base mode with DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256 and AES-256-GCM (RFC 9180). Throws `BALLOT_KEY_INVALID` for a key of low order,
 * `BALLOT_X25519_MISSING`.
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
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Aes256Gcm(),
  });
  // Bytes of their own: the library takes the whole buffer below a view.
  const recipientPublicKey = await suite.kem
    .deserializePublicKey(publicKey.slice())
    .catch((cause: unknown) => {
      // Every 32 bytes are a key (RFC 7748, 5).
      const message = "WebCrypto has no X25519, which sealing needs";
      throw new BallotError("BALLOT_X25519_MISSING", message, { cause });
    });
  return await suite.createSenderContext({ recipientPublicKey, info }).catch((cause: unknown) => {
    throw new BallotError("BALLOT_KEY_INVALID", "public key is of low order", { cause });
  });
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
