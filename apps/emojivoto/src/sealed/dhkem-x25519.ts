import { createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { expandMessage, extractMessage, NOTHING } from "./hpke-labels.ts";
import { HMAC_BYTES, prepareHmac } from "./prepared-hmac.ts";

/** DHKEM(X25519, HKDF-SHA256) as RFC 9180 numbers it (section 7.1). */
export const KEM_ID: Buffer = Buffer.from([0x00, 0x20]);

const KEY_BYTES = 32;
const SUITE = Buffer.concat([Buffer.from("KEM"), KEM_ID]);
const NO_SALT = Buffer.alloc(HMAC_BYTES);

/** The receiving end of the key encapsulation. */
export interface Decapsulator {
  /** The private key's public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /**
   * Recovers the 32 bytes that are shared with the sender of `enc`. Throws `BALLOT_MALFORMED` for another
   * length than 32 bytes, and for points of low order, whose secret would be known to all.
   */
  decapsulate(enc: Uint8Array): Uint8Array;
}

/** Creates the receiving end for an X25519 key (RFC 9180, 4.1, Decap). */
export function createDecapsulator(privateKey: KeyObject): Decapsulator {
  const publicKey = Buffer.from(
    createPublicKey(privateKey).export({ format: "jwk" }).x ?? "",
    "base64url",
  );
  const dhAt = extractMessage(SUITE, "eae_prk", NOTHING).length;
  const prk = prepareHmac(extractMessage(SUITE, "eae_prk", Buffer.alloc(KEY_BYTES)));
  const encAt = expandMessage(SUITE, "shared_secret", NOTHING, HMAC_BYTES).length - 1;
  const context = Buffer.concat([Buffer.alloc(KEY_BYTES), publicKey]);
  const shared = prepareHmac(expandMessage(SUITE, "shared_secret", context, HMAC_BYTES));
  return {
    publicKey,
    decapsulate: (enc) => {
      if (enc.length !== KEY_BYTES) throw malformed("no public key");
      prk.message.set(agree(privateKey, enc), dhAt);
      shared.message.set(enc, encAt);
      return shared.of(prk.of(NO_SALT));
    },
  };
}

/** Every 32 bytes are a key (RFC 7748, 5). As JWK it is read in 7 µs, as DER in 100. */
function agree(privateKey: KeyObject, enc: Uint8Array): Buffer {
  const x = Buffer.from(enc.buffer, enc.byteOffset, enc.length).toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
  try {
    return diffieHellman({ privateKey, publicKey });
  } catch {
    // The one failure there is: OpenSSL refuses a secret that is all zero (RFC 9180, 7.1.4).
    throw malformed("public key is of low order");
  }
}

function malformed(what: string): EmojivotoError {
  return new EmojivotoError("BALLOT_MALFORMED", what);
}
