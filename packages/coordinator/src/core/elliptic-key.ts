import { createPublicKey, generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
import { concatBytes, der } from "@carrara/encoding";
import { algorithmIdentifier, OID, type Signer } from "@carrara/pki";

const generate = promisify(generateKeyPair);
const signElsewhere = promisify(sign);

/** Makes a P-384 private key off the event loop. */
export async function generateP384Key(): Promise<KeyObject> {
  const { privateKey } = await generate("ec", { namedCurve: "secp384r1" });
  return privateKey;
}

/** A P-384 key that is handed out and never used here. */
export interface EncodedKey {
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** DER PKCS#8; secret. */
  readonly pkcs8: Uint8Array;
}

/** Of SubjectPublicKeyInfo and PKCS#8 (RFC 5480). */
const P384_ALGORITHM = der.sequence(der.oid(OID.ecPublicKey), der.oid(OID.p384));
/** First octet of a point that has both of its coordinates. */
const UNCOMPRESSED = Uint8Array.of(4);

/**
 * Makes a P-384 key off the event loop. The encodings (RFC 5480, 5915) are written here: OpenSSL looks
 * for its encoders anew at each key, which held the event loop for 0.25 ms.
 */
export async function generateEncodedP384Key(): Promise<EncodedKey> {
  const jwk = (await generateP384Key()).export({ format: "jwk" });
  const [x, y, d] = [jwk.x, jwk.y, jwk.d].map((text = "") => Buffer.from(text, "base64url"));
  if (x === undefined || y === undefined || d === undefined) throw new TypeError("no ec key");
  const point = der.bitString(concatBytes(UNCOMPRESSED, x, y));
  const key = der.sequence(der.integer(1), der.octetString(d), der.context(1, point));
  return {
    spki: der.sequence(P384_ALGORITHM, point),
    pkcs8: der.sequence(der.integer(0), P384_ALGORITHM, der.octetString(key)),
  };
}

/** DER SubjectPublicKeyInfo of a private key. */
export function spkiOf(privateKey: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(privateKey).export({ type: "spki", format: "der" }));
}

/** DER PKCS#8; secret. */
export function pkcs8Of(privateKey: KeyObject): Uint8Array {
  return new Uint8Array(privateKey.export({ type: "pkcs8", format: "der" }));
}

/** Signs certificates with ecdsa-with-SHA384, off the event loop: a signature takes 0.8 ms. */
export function p384Signer(privateKey: KeyObject): Signer {
  return {
    algorithm: algorithmIdentifier(OID.ecdsaWithSha384),
    sign: async (data) => await signElsewhere("sha384", data, privateKey),
  };
}

/** ASN.1 ECDSA over SHA-256 of `data`: the form of manifest and quote signatures (section 2.7). */
export function signSha256(privateKey: KeyObject, data: Uint8Array): Uint8Array {
  return new Uint8Array(sign("sha256", data, privateKey));
}
