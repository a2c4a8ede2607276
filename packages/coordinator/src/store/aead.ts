import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { concatBytes } from "@carrara/encoding";

/** Length of keys, in bytes. */
export const AEAD_KEY_BYTES = 32;
/** Length of what {@link encryptAead} adds to a plain text, in bytes. */
export const AEAD_OVERHEAD_BYTES = 28;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM as nonce, ciphertext and tag. */
export function encryptAead(key: Uint8Array, plain: Uint8Array, aad: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
  return concatBytes(nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

/** The plain text, or undefined when key, bytes or `aad` are not the ones encrypted with. */
export function decryptAead(
  key: Uint8Array,
  bytes: Uint8Array,
  aad: Uint8Array,
): Uint8Array | undefined {
  if (bytes.length < AEAD_OVERHEAD_BYTES || key.length !== AEAD_KEY_BYTES) return undefined;
  const cipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  cipher.setAAD(aad).setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return concatBytes(cipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), cipher.final());
  } catch {
    // Node throws one plain Error for a tag that does not fit, the only failure left here.
    return undefined;
  }
}
