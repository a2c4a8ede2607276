import { fromHex, toHex } from "@carrara/encoding";
import type { Signer } from "./signature.ts";

/** Bits of the modulus that AMD's keys have, and ours unless a caller asks for others. */
const MODULUS_BITS = 4096;
/** Octets of salt: as many as the hash has. */
const SALT_OCTETS = 48;

const IMPORT = { name: "RSA-PSS", hash: "SHA-384" };
const USE = { name: "RSA-PSS", saltLength: SALT_OCTETS };

/** SEQUENCE { OID sha384, NULL }, which RSASSA-PSS names twice. */
const SHA384 = "300d06096086480165030402020500";
/** Hash, MGF1 with the same hash, and 48 octets of salt. */
const PARAMETERS = `a00f${SHA384}a11c301a06092a864886f70d010108${SHA384}a203020130`;
/** OID rsassaPss. */
const RSASSA_PSS = "06092a864886f70d01010a";

/** The second form spells out the default trailer, which DER forbids and AMD's older certificates do. */
const WITH_TRAILER = `3046${RSASSA_PSS}3039${PARAMETERS}a303020101`;
const IDENTIFIER = `3041${RSASSA_PSS}3034${PARAMETERS}`;

/** DER AlgorithmIdentifier of RSASSA-PSS with SHA-384, MGF1 with SHA-384 and 48 octets of salt. */
export function rsaPssSha384(): Uint8Array {
  return fromHex(IDENTIFIER);
}

/** Whether a DER AlgorithmIdentifier says exactly what {@link rsaPssSha384} says. */
export function isRsaPssSha384(algorithm: Uint8Array): boolean {
  const hex = toHex(algorithm);
  return hex === IDENTIFIER || hex === WITH_TRAILER;
}

/** Whether `signature` over `data` is by the RSA key `spki` under {@link rsaPssSha384}. */
export async function verifyRsaPssSha384(
  spki: Uint8Array,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  const key = await crypto.subtle.importKey("spki", spki, IMPORT, false, ["verify"]);
  return await crypto.subtle.verify(USE, key, signature, data);
}

/** An RSA key pair with its encodings; `signer` signs as {@link rsaPssSha384} says. */
export interface RsaKey {
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** DER PKCS#8; secret. */
  readonly pkcs8: Uint8Array;
  readonly signer: Signer;
}

/** Makes an RSA key pair with exponent 65537; seconds of work at 4096 bits, which is the default. */
export async function generateRsaKey(modulusBits: number = MODULUS_BITS): Promise<RsaKey> {
  const publicExponent = new Uint8Array([1, 0, 1]);
  const pair = await crypto.subtle.generateKey(
    { ...IMPORT, modulusLength: modulusBits, publicExponent },
    true,
    ["sign", "verify"],
  );
  const [spki, pkcs8] = await Promise.all([
    crypto.subtle.exportKey("spki", pair.publicKey),
    crypto.subtle.exportKey("pkcs8", pair.privateKey),
  ]);
  return {
    spki: new Uint8Array(spki),
    pkcs8: new Uint8Array(pkcs8),
    signer: rsaSigner(pair.privateKey),
  };
}

/** The key pair of stored encodings. Throws a DOMException when `pkcs8` is no RSA key. */
export async function importRsaKey(pkcs8: Uint8Array, spki: Uint8Array): Promise<RsaKey> {
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, IMPORT, false, ["sign"]);
  return { spki, pkcs8, signer: rsaSigner(key) };
}

function rsaSigner(key: Parameters<typeof crypto.subtle.sign>[1]): Signer {
  return {
    algorithm: rsaPssSha384(),
    async sign(data) {
      return new Uint8Array(await crypto.subtle.sign(USE, key, data));
    },
  };
}
