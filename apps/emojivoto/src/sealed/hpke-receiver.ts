import { createDecipheriv, generateKeyPairSync, type KeyObject } from "node:crypto";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { createDecapsulator, KEM_ID } from "./dhkem-x25519.ts";
import { expandMessage, extractMessage, NOTHING } from "./hpke-labels.ts";
import { HMAC_BYTES, type PreparedHmac, prepareHmac } from "./prepared-hmac.ts";

/** What opens messages to one key, HPKE base mode with DHKEM(X25519, HKDF-SHA256) and HKDF-SHA256 (RFC 9180). */
export interface HpkeReceiver {
  /** The key that senders seal to, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Opens an encapsulation's first message. Throws `BALLOT_MALFORMED` when it is not authentic. */
  open(message: HpkeMessage): OpenedMessage;
}

/** The first message to an encapsulated key. */
interface HpkeMessage {
  /** The sender's ephemeral key, 32 bytes. */
  readonly enc: Uint8Array;
  /** With the tag of 16 bytes. */
  readonly ciphertext: Uint8Array;
  readonly aad: Uint8Array;
}

/** What came of a message. */
interface OpenedMessage {
  readonly plaintext: Uint8Array;
  /** Derives the 32 bytes that are exported under the receiver's label (RFC 9180, 5.3). */
  exported(): Uint8Array;
}

/** An AEAD as RFC 9180 numbers it. */
export interface HpkeAead {
  readonly id: number;
  readonly cipher: "aes-128-gcm" | "aes-256-gcm";
  readonly keyBytes: number;
}

/** Section 7.3: the one that ballots are sealed with, and the one of the standard's first vectors. */
export const hpkeAead: { readonly aes128Gcm: HpkeAead; readonly aes256Gcm: HpkeAead } = {
  aes128Gcm: { id: 1, cipher: "aes-128-gcm", keyBytes: 16 },
  aes256Gcm: { id: 2, cipher: "aes-256-gcm", keyBytes: 32 },
};

const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const KDF_ID = Buffer.from([0x00, 0x01]);
const MODE_BASE = Buffer.from([0x00]);
const NO_SALT = Buffer.alloc(HMAC_BYTES);

/**
 * Creates a receiver with a fresh key, or the given one (for the standard's vectors). A fraction of the
 * time of @hpke/core, which makes and exports WebCrypto keys for every message.
 */
export function createHpkeReceiver(options: {
  readonly aead: HpkeAead;
  /** Binds every message to its application (RFC 9180, 5.1). */
  readonly info: Uint8Array;
  /** What the exported secret is for. */
  readonly exportLabel: Uint8Array;
  readonly privateKey?: KeyObject;
}): HpkeReceiver {
  const { aead, privateKey = generateKeyPairSync("x25519").privateKey } = options;
  const { publicKey, decapsulate } = createDecapsulator(privateKey);
  const derive = prepareSchedule(options);
  return {
    publicKey,
    open: ({ enc, ciphertext, aad }) => {
      const secret = derive.secret.of(decapsulate(enc));
      const key = derive.key.of(secret).subarray(0, aead.keyBytes);
      const nonce = derive.nonce.of(secret).subarray(0, NONCE_BYTES);
      return {
        plaintext: decrypt(aead, { key, nonce, ciphertext, aad }),
        exported: () => derive.exported.of(derive.exporter.of(secret)),
      };
    },
  };
}

/** The key schedule (section 5.1) up to what differs from message to message: one HMAC for each derivation. */
function prepareSchedule(options: {
  readonly aead: HpkeAead;
  readonly info: Uint8Array;
  readonly exportLabel: Uint8Array;
}): Readonly<Record<"secret" | "key" | "nonce" | "exporter" | "exported", PreparedHmac>> {
  const { aead, info, exportLabel } = options;
  const suite = Buffer.concat([Buffer.from("HPKE"), KEM_ID, KDF_ID, Buffer.from([0, aead.id])]);
  const extract = (label: string, ikm: Uint8Array): Buffer =>
    prepareHmac(extractMessage(suite, label, ikm)).of(NO_SALT);
  const context = Buffer.concat([
    MODE_BASE,
    extract("psk_id_hash", NOTHING),
    extract("info_hash", info),
  ]);
  const expand = (label: string, bytes: number, from: Uint8Array = context): PreparedHmac =>
    prepareHmac(expandMessage(suite, label, from, bytes));
  return {
    secret: prepareHmac(extractMessage(suite, "secret", NOTHING)),
    key: expand("key", aead.keyBytes),
    nonce: expand("base_nonce", NONCE_BYTES),
    exporter: expand("exp", HMAC_BYTES),
    exported: expand("sec", HMAC_BYTES, exportLabel),
  };
}

function decrypt(
  aead: HpkeAead,
  input: { key: Buffer; nonce: Buffer; ciphertext: Uint8Array; aad: Uint8Array },
): Uint8Array {
  const { key, nonce, ciphertext, aad } = input;
  const end = ciphertext.length - TAG_BYTES;
  if (end < 0) throw malformed("ciphertext is too short");
  const decipher = createDecipheriv(aead.cipher, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad);
  decipher.setAuthTag(ciphertext.subarray(end));
  const plaintext = decipher.update(ciphertext.subarray(0, end));
  try {
    decipher.final();
  } catch {
    throw malformed("ciphertext is not authentic");
  }
  return plaintext;
}

function malformed(what: string): EmojivotoError {
  return new EmojivotoError("BALLOT_MALFORMED", what);
}
