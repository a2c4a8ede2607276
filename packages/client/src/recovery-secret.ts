import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign,
} from "node:crypto";
import { ClientError } from "./error.ts";

/** Lengths of plain recovery secrets, in bytes: keys of old versions, keys, Shamir shares. */
const PLAIN_BYTES: ReadonlySet<number> = new Set([16, 32, 33]);
/** RSA-OAEP with SHA-256 for hash and MGF1, empty label (spec marblerun section 8.4). */
const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" } as const;

/** The private half of a recovery key. */
export interface RecoveryKey {
  /** RSASSA-PKCS1-v1_5 with SHA-256 over a plain secret. */
  sign(plain: Uint8Array): Uint8Array;
  /** The plain secret. Throws `RECOVERY_SECRET_INVALID` when it was encrypted for another key. */
  decrypt(encrypted: Uint8Array): Uint8Array;
}

/** Whether `secret` is plain by its length; anything else is encrypted under a recovery key. */
export function isPlainRecoverySecret(secret: Uint8Array): boolean {
  return PLAIN_BYTES.has(secret.length);
}

/** Reads a PEM private key, PKCS#1 or PKCS#8, not encrypted. Throws `RECOVERY_KEY_INVALID`. */
export function parseRecoveryKey(pem: string): RecoveryKey {
  const key = readRsaKey(() => createPrivateKey({ key: pem, format: "pem" }));
  return {
    sign: (plain) => new Uint8Array(sign("sha256", plain, key)),
    decrypt: (encrypted) => decrypt(key, encrypted),
  };
}

/** Encrypts a plain secret under the Coordinator's ephemeral key. Throws `RECOVERY_KEY_INVALID`. */
export function encryptRecoverySecret(plain: Uint8Array, spki: Uint8Array): Uint8Array {
  const source = { key: Buffer.from(spki), format: "der", type: "spki" } as const;
  const key = readRsaKey(() => createPublicKey(source));
  return new Uint8Array(publicEncrypt({ key, ...OAEP }, plain));
}

function readRsaKey(read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    // The library's error may repeat parts of the input.
    throw keyInvalid("it cannot be read, or is protected by a passphrase");
  }
  if (key.asymmetricKeyType === "rsa") return key;
  throw keyInvalid(`it is of type ${key.asymmetricKeyType ?? "unknown"}`);
}

function keyInvalid(detail: string): ClientError {
  return new ClientError("RECOVERY_KEY_INVALID", `an RSA key in PEM is needed: ${detail}`);
}

function decrypt(key: KeyObject, encrypted: Uint8Array): Uint8Array {
  let plain: Uint8Array;
  try {
    plain = new Uint8Array(privateDecrypt({ key, ...OAEP }, encrypted));
  } catch {
    throw secretInvalid(`the ${encrypted.length} bytes were not encrypted for this key`);
  }
  if (isPlainRecoverySecret(plain)) return plain;
  throw secretInvalid(`it has ${plain.length} bytes, 16, 32 or 33 needed`);
}

function secretInvalid(detail: string): ClientError {
  return new ClientError("RECOVERY_SECRET_INVALID", `recovery secret: ${detail}`);
}
