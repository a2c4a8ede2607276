import { sha256 } from "@carrara/transparency";
import { assertLength } from "./ballot-fields.ts";

/** Length of the public key that ballots are sealed to: an X25519 key (RFC 7748). */
export const PUBLIC_KEY_BYTES = 32;
/** Length of a key id. */
export const KEY_ID_BYTES = 8;

/** First 8 bytes of SHA-256(public key); says which of several keys a ballot is sealed to. */
export function keyIdOf(publicKey: Uint8Array): Uint8Array {
  assertLength("public key", publicKey, PUBLIC_KEY_BYTES);
  return sha256(publicKey).slice(0, KEY_ID_BYTES);
}
