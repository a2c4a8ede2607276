/** Length of an Ed25519 signature. */
export const ED25519_SIGNATURE_BYTES = 64;

const ED25519 = { name: "Ed25519" };

/** Whether `signature` over `message` is by the public key of 32 bytes (RFC 8032), by WebCrypto. */
export async function verifyEd25519(
  publicKey: Uint8Array,
  signature: Uint8Array,
  message: Uint8Array,
): Promise<boolean> {
  if (signature.length !== ED25519_SIGNATURE_BYTES) return false;
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, ED25519, false, ["verify"]);
    return await crypto.subtle.verify(ED25519, key, signature, message);
  } catch (error) {
    // Bytes that are no point of the curve: nothing can be signed with such a key.
    if (error instanceof DOMException && error.name === "DataError") return false;
    throw error;
  }
}
