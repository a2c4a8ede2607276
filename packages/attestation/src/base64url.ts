import { EncodingError, fromBase64, toBase64 } from "@carrara/encoding";

/** Base64url without padding (RFC 7515 section 2). */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * Bytes of base64url without padding; each value has one text only, so that no changed character
 * of a signed text goes unnoticed. Throws EncodingError `BASE64_MALFORMED`.
 */
export function fromBase64Url(text: string): Uint8Array {
  const padding = "=".repeat((4 - (text.length % 4)) % 4);
  const bytes = fromBase64(text.replaceAll("-", "+").replaceAll("_", "/") + padding);
  if (toBase64Url(bytes) === text) return bytes;
  throw new EncodingError("BASE64_MALFORMED", "not base64url without padding");
}
