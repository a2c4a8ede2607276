import { createDecipheriv, createECDH, createHmac } from "node:crypto";
import { EmojivotoError } from "../service/emojivoto-error.ts";

/** What opens messages to one key, HPKE base mode with DHKEM(P-256, HKDF-SHA256) and HKDF-SHA256 (RFC 9180). */
export interface HpkeReceiver {
  /** The key that senders seal to, 65 bytes, uncompressed point. */
  readonly publicKey: Uint8Array;
  /** Recovers the context of `enc` (65 bytes). Throws `BALLOT_MALFORMED` for anything but a point of the curve. */
  open(enc: Uint8Array): HpkeContext;
}

/** The receiving end of one encapsulation. */
interface HpkeContext {
  /** Decrypts the context's first message. Throws `BALLOT_MALFORMED` when it is not authentic. */
  openFirst(ciphertext: Uint8Array, aad: Uint8Array): Uint8Array;
  /** Derives a secret of at most 32 bytes for `label` (RFC 9180, 5.3). */
  export(label: Uint8Array, length: number): Uint8Array;
}

/** An AEAD as RFC 9180 numbers it. */
export interface HpkeAead {
  readonly id: number;
  readonly cipher: "aes-128-gcm" | "aes-256-gcm";
  readonly keyBytes: number;
}

/** Section 7.3: the one that ballots are sealed with, and the one of the standard's P-256 vectors. */
export const hpkeAead: { readonly aes128Gcm: HpkeAead; readonly aes256Gcm: HpkeAead } = {
  aes128Gcm: { id: 1, cipher: "aes-128-gcm", keyBytes: 16 },
  aes256Gcm: { id: 2, cipher: "aes-256-gcm", keyBytes: 32 },
};

const CURVE = "prime256v1";
const POINT_BYTES = 65;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
/** Nh of HKDF-SHA256: everything that is derived fits one block of its expansion. */
const HASH_BYTES = 32;
const UNCOMPRESSED = 0x04;

const ascii = (text: string): Buffer => Buffer.from(text, "latin1");
const VERSION = ascii("HPKE-v1");
const KEM_ID = Buffer.from([0x00, 0x10]);
const KEM_SUITE = Buffer.concat([ascii("KEM"), KEM_ID]);
const KDF_ID = Buffer.from([0x00, 0x01]);
const MODE_BASE = Buffer.from([0x00]);
const NOTHING = Buffer.alloc(0);
/** The counter of HKDF-Expand's first block. */
const FIRST_BLOCK = Buffer.from([1]);

/**
 * Creates a receiver with a fresh key, or the given one (32 bytes; for the standard's vectors). A fifth
 * of the time of @hpke/core, which makes and exports WebCrypto keys for every message.
 */
export function createHpkeReceiver(options: {
  readonly aead: HpkeAead;
  /** Binds every message to its application (RFC 9180, 5.1). */
  readonly info: Uint8Array;
  readonly privateKey?: Uint8Array;
}): HpkeReceiver {
  const { aead, info, privateKey } = options;
  const ecdh = createECDH(CURVE);
  if (privateKey === undefined) ecdh.generateKeys();
  else ecdh.setPrivateKey(privateKey);
  const publicKey = ecdh.getPublicKey();
  const suite = Buffer.concat([ascii("HPKE"), KEM_ID, KDF_ID, Buffer.from([0, aead.id])]);
  const schedule = Buffer.concat([
    MODE_BASE,
    labeledExtract(NOTHING, suite, "psk_id_hash", NOTHING),
    labeledExtract(NOTHING, suite, "info_hash", info),
  ]);

  // All that is the same for every message, so that a derivation is one HMAC over bytes at hand.
  const message = {
    secret: extractMessage(suite, "secret", NOTHING),
    key: expandMessage(suite, "key", schedule, aead.keyBytes),
    nonce: expandMessage(suite, "base_nonce", schedule, NONCE_BYTES),
    exporter: expandMessage(suite, "exp", schedule, HASH_BYTES),
  };

  return {
    publicKey,
    open: (enc) => {
      const secret = hmac(sharedSecret(ecdh, enc, publicKey), message.secret);
      return {
        openFirst: (ciphertext, aad) => {
          const key = hmac(secret, message.key).subarray(0, aead.keyBytes);
          const nonce = hmac(secret, message.nonce).subarray(0, NONCE_BYTES);
          return decrypt(aead, { key, nonce, ciphertext, aad });
        },
        export: (label, length) => {
          const exporter = hmac(secret, message.exporter);
          return hmac(exporter, expandMessage(suite, "sec", label, length)).subarray(0, length);
        },
      };
    },
  };
}

/** Decap (section 4.1); OpenSSL refuses points that are not on the curve, and the curve has cofactor 1. */
function sharedSecret(
  ecdh: ReturnType<typeof createECDH>,
  enc: Uint8Array,
  publicKey: Uint8Array,
): Buffer {
  if (enc.length !== POINT_BYTES || enc[0] !== UNCOMPRESSED) throw malformed("no public key");
  let dh: Buffer;
  try {
    dh = ecdh.computeSecret(enc);
  } catch {
    throw malformed("public key is not on the curve");
  }
  const extracted = labeledExtract(NOTHING, KEM_SUITE, "eae_prk", dh);
  const context = Buffer.concat([enc, publicKey]);
  return hmac(extracted, expandMessage(KEM_SUITE, "shared_secret", context, HASH_BYTES));
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

/** Section 4, LabeledExtract. */
function labeledExtract(salt: Uint8Array, suite: Buffer, label: string, ikm: Uint8Array): Buffer {
  return hmac(salt, extractMessage(suite, label, ikm));
}

/** What LabeledExtract runs HMAC over: version, suite, label and key material. */
function extractMessage(suite: Buffer, label: string, ikm: Uint8Array): Buffer {
  return Buffer.concat([VERSION, suite, ascii(label), ikm]);
}

/** What LabeledExpand runs HMAC over for at most one block of output. */
function expandMessage(suite: Buffer, label: string, info: Uint8Array, length: number): Buffer {
  if (length > HASH_BYTES) throw new TypeError(`cannot derive ${length} bytes, at most 32`);
  return Buffer.concat([Buffer.from([0, length]), VERSION, suite, ascii(label), info, FIRST_BLOCK]);
}

function hmac(key: Uint8Array, message: Uint8Array): Buffer {
  return createHmac("sha256", key).update(message).digest();
}

function malformed(what: string): EmojivotoError {
  return new EmojivotoError("BALLOT_MALFORMED", what);
}
