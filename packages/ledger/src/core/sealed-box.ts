import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";

/** Bytes that sealing adds. */
export const TAG_BYTES = 16;
const NONCE_BYTES = 12;

/**
 * AES-256-GCM, tag behind the ciphertext. `counter` is the nonce: it must never come twice under one
 * key.
 */
export function seal(
  key: KeyObject,
  counter: number,
  aad: Uint8Array,
  plain: Uint8Array,
): readonly [ciphertext: Uint8Array, tag: Uint8Array] {
  const cipher = createCipheriv("aes-256-gcm", key, nonceOf(counter));
  cipher.setAAD(aad);
  const ciphertext = cipher.update(plain);
  cipher.final();
  return [ciphertext, cipher.getAuthTag()];
}

/** What {@link seal} sealed, or undefined when a bit of it is not as it was. */
export function unseal(
  key: KeyObject,
  counter: number,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const end = sealed.length - TAG_BYTES;
  if (end < 0) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(counter));
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(end));
  const plain = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plain;
}

function nonceOf(counter: number): Uint8Array {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUIntBE(counter, NONCE_BYTES - 6, 6);
  return nonce;
}
