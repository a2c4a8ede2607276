import { createPublicKey, generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
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

/** Makes a P-384 key off the event loop, encoded once: exports of key objects showed in profiles. */
export async function generateEncodedP384Key(): Promise<EncodedKey> {
  const { publicKey, privateKey } = await generate("ec", {
    namedCurve: "secp384r1",
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "der" },
  });
  return { spki: new Uint8Array(publicKey), pkcs8: new Uint8Array(privateKey) };
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
