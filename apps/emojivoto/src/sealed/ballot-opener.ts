import { createCipheriv } from "node:crypto";
import {
  ANSWER_EXPORT_LABEL,
  ANSWER_NONCE_BYTES,
  BallotError,
  type BallotFields,
  ballotInfo,
  decodeBallot,
  KEY_ID_BYTES,
  keyIdOf,
  PUBLIC_KEY_BYTES,
  SEALED_BALLOT_BYTES,
} from "@carrara/ballot";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { createRandomPool } from "../service/random-pool.ts";
import { createHpkeReceiver, hpkeAead } from "./hpke-receiver.ts";

/** Opens ballots that were sealed to a key which only this process has. */
export interface BallotOpener {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Opens 123 bytes. Throws `BALLOT_KEY_UNKNOWN` for another key's, `BALLOT_MALFORMED`. */
  open(sealed: Uint8Array): OpenedBallot;
}

/** A ballot and the way back to its sender. */
export interface OpenedBallot {
  readonly fields: BallotFields;
  /** Seals an answer, so that only the ballot's sender can open it. May be called once. */
  sealAnswer(answer: Uint8Array): Uint8Array;
}

const CIPHERTEXT_AT = KEY_ID_BYTES + PUBLIC_KEY_BYTES;

/** Creates an opener for `poll` with a fresh key, which never leaves it. */
export function createBallotOpener(poll: string): BallotOpener {
  const receiver = createHpkeReceiver({
    aead: hpkeAead.aes256Gcm,
    info: ballotInfo(poll),
    exportLabel: ANSWER_EXPORT_LABEL,
  });
  const nextNonce = createRandomPool(ANSWER_NONCE_BYTES);
  const keyId = Buffer.from(keyIdOf(receiver.publicKey));
  return {
    publicKey: receiver.publicKey,
    open: (sealed) => {
      if (sealed.length !== SEALED_BALLOT_BYTES) throw malformed("ballot has not 123 bytes");
      if (!keyId.equals(sealed.subarray(0, KEY_ID_BYTES))) {
        throw new EmojivotoError("BALLOT_KEY_UNKNOWN", "ballot is sealed to another key");
      }
      const { plaintext, exported } = receiver.open({
        enc: sealed.subarray(KEY_ID_BYTES, CIPHERTEXT_AT),
        ciphertext: sealed.subarray(CIPHERTEXT_AT),
        aad: keyId,
      });
      return {
        fields: fieldsOf(plaintext),
        sealAnswer: (answer) => sealWith(exported(), nextNonce(), answer),
      };
    },
  };
}

function fieldsOf(plaintext: Uint8Array): BallotFields {
  try {
    return decodeBallot(plaintext);
  } catch (cause) {
    // Whoever sealed this did not seal a ballot; its error may quote what is in it.
    if (cause instanceof BallotError) throw malformed("what was sealed is no ballot");
    throw cause;
  }
}

/** The nonce is random: a replayed ballot has the same key and another answer. */
function sealWith(key: Uint8Array, nonce: Uint8Array, answer: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const ciphertext = cipher.update(answer);
  cipher.final();
  return Buffer.concat([nonce, ciphertext, cipher.getAuthTag()]);
}

function malformed(what: string): EmojivotoError {
  return new EmojivotoError("BALLOT_MALFORMED", what);
}
