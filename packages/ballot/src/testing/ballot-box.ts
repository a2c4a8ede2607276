import { concatBytes } from "@carrara/encoding";
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { type BallotAnswer, encodeAnswer } from "../answer.ts";
import { type BallotFields, decodeBallot } from "../ballot-fields.ts";
import { KEY_ID_BYTES, PUBLIC_KEY_BYTES } from "../hpke-key.ts";
import {
  ANSWER_EXPORT_LABEL,
  ANSWER_KEY_BYTES,
  ANSWER_NONCE_BYTES,
  ballotInfo,
} from "../seal-ballot.ts";

const ENC_END = KEY_ID_BYTES + PUBLIC_KEY_BYTES;

/** A ballot as the voting service sees it. */
interface OpenedBallot {
  readonly ballot: BallotFields;
  sealAnswer(answer: BallotAnswer): Promise<Uint8Array>;
}

/** The voting service's side of sealed ballots, over the library that the page uses. */
export interface BallotBox {
  readonly publicKey: Uint8Array;
  open(sealed: Uint8Array): Promise<OpenedBallot>;
}

/** A ballot box of `poll` with a key of its own. */
export async function createBallotBox(poll: string): Promise<BallotBox> {
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Aes256Gcm(),
  });
  const pair = await suite.kem.generateKeyPair();
  return {
    publicKey: new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey)),
    async open(sealed) {
      const recipient = await suite.createRecipientContext({
        recipientKey: pair.privateKey,
        enc: sealed.slice(KEY_ID_BYTES, ENC_END),
        info: ballotInfo(poll),
      });
      const keyId = sealed.slice(0, KEY_ID_BYTES);
      const ballot = decodeBallot(
        new Uint8Array(await recipient.open(sealed.slice(ENC_END), keyId)),
      );
      const secret = await recipient.export(ANSWER_EXPORT_LABEL, ANSWER_KEY_BYTES);
      return { ballot, sealAnswer: (answer) => sealAnswer(secret, answer) };
    },
  };
}

async function sealAnswer(secret: ArrayBuffer, answer: BallotAnswer): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(ANSWER_NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, encodeAnswer(answer));
  return concatBytes(iv, new Uint8Array(sealed));
}
