import { DER_TAG, DerReader, der, derInteger, derOid, encodeDer, readDer } from "@carrara/encoding";
import { PkiError } from "./error.ts";
import { OID } from "./oid.ts";

/** Something that signs what it is given, under the X.509 signature algorithm `algorithm` (DER). */
export interface Signer {
  /** DER AlgorithmIdentifier. */
  readonly algorithm: Uint8Array;
  /** The signature as a certificate carries it (ECDSA: DER SEQUENCE of r and s). */
  sign(data: Uint8Array): Promise<Uint8Array> | Uint8Array;
}

/** The curves that this project makes its own keys on. */
export type Curve = "P-256" | "P-384";

interface EcProfile {
  readonly curve: "P-256" | "P-384" | "P-521";
  readonly octets: number;
}

/** An ECDSA signature to check; curve and hash were read from the key and the algorithm. */
export interface EcdsaCheck {
  /** DER SubjectPublicKeyInfo of a key on `curve`. */
  readonly spki: Uint8Array;
  readonly curve: EcProfile["curve"];
  readonly hash: "SHA-256" | "SHA-384" | "SHA-512";
  /** r‖s */
  readonly signature: Uint8Array;
  readonly data: Uint8Array;
}

/**
 * Checks ECDSA signatures. A platform whose own primitives are faster than WebCrypto may give one; it
 * must accept exactly what {@link WEB_ECDSA} accepts.
 */
export type EcdsaVerifier = (check: EcdsaCheck) => Promise<boolean> | boolean;

const CURVES: Readonly<Record<string, EcProfile>> = {
  [OID.p256]: { curve: "P-256", octets: 32 },
  [OID.p384]: { curve: "P-384", octets: 48 },
  [OID.p521]: { curve: "P-521", octets: 66 },
};
const EC_HASHES: Readonly<Record<string, EcdsaCheck["hash"]>> = {
  [OID.ecdsaWithSha256]: "SHA-256",
  [OID.ecdsaWithSha384]: "SHA-384",
  [OID.ecdsaWithSha512]: "SHA-512",
};
const RSA_HASHES: Readonly<Record<string, string>> = {
  [OID.sha256WithRsa]: "SHA-256",
  [OID.sha384WithRsa]: "SHA-384",
  [OID.sha512WithRsa]: "SHA-512",
};

/** DER AlgorithmIdentifier without parameters, as ECDSA and Ed25519 want it. */
export function algorithmIdentifier(oid: string): Uint8Array {
  return der.sequence(der.oid(oid));
}

/** DER SEQUENCE of r and s from the fixed-size form r‖s (IEEE P1363). */
export function ecdsaToDer(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2;
  const integer = (bytes: Uint8Array): Uint8Array => {
    let start = 0;
    while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
    const sign = (bytes[start] ?? 0) >= 0x80 ? [0] : [];
    return encodeDer(DER_TAG.integer, new Uint8Array(sign), bytes.subarray(start));
  };
  return der.sequence(integer(signature.subarray(0, half)), integer(signature.subarray(half)));
}

/** r‖s of `octets` bytes each from the DER form. Throws `DER_MALFORMED`. */
export function ecdsaFromDer(signature: Uint8Array, octets: number): Uint8Array {
  const reader = new DerReader(readDer(signature, DER_TAG.sequence).content);
  const out = new Uint8Array(2 * octets);
  for (const end of [octets, 2 * octets]) {
    const node = reader.read(DER_TAG.integer);
    if (derInteger(node) < 0n) throw new PkiError("CERT_MALFORMED", "negative number in signature");
    const digits = node.content[0] === 0 ? node.content.subarray(1) : node.content;
    if (digits.length > octets) {
      throw new PkiError("CERT_MALFORMED", `signature number has over ${octets} octets`);
    }
    out.set(digits, end - digits.length);
  }
  reader.end();
  return out;
}

function ecProfileOf(spki: Uint8Array): EcProfile {
  const outer = new DerReader(readDer(spki, DER_TAG.sequence).content);
  const algorithm = outer.enter();
  const type = derOid(algorithm.read(DER_TAG.oid));
  const profile =
    type === OID.ecPublicKey ? CURVES[derOid(algorithm.read(DER_TAG.oid))] : undefined;
  if (profile === undefined) throw new PkiError("KEY_UNSUPPORTED", "not a key on a known curve");
  return profile;
}

async function verifyWith(
  spki: Uint8Array,
  parameters: Parameters<typeof crypto.subtle.importKey>[2],
  use: Parameters<typeof crypto.subtle.verify>[0],
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  const key = await crypto.subtle.importKey("spki", spki, parameters, false, ["verify"]);
  return await crypto.subtle.verify(use, key, signature, data);
}

/** {@link EcdsaVerifier} wherever WebCrypto is. */
export const WEB_ECDSA: EcdsaVerifier = async ({ spki, curve, hash, signature, data }) =>
  await verifyWith(
    spki,
    { name: "ECDSA", namedCurve: curve },
    { name: "ECDSA", hash },
    signature,
    data,
  );

/**
 * Whether `signature` (in X.509 form) over `data` is by the key `spki` under the dotted algorithm.
 * Throws `KEY_UNSUPPORTED` for an algorithm that is not known or does not fit the key.
 */
export async function verifySignature(
  spki: Uint8Array,
  algorithm: string,
  signature: Uint8Array,
  data: Uint8Array,
  verifyEcdsa: EcdsaVerifier = WEB_ECDSA,
): Promise<boolean> {
  const hash = EC_HASHES[algorithm];
  if (hash !== undefined) {
    const { curve, octets } = ecProfileOf(spki);
    const fixed = ecdsaFromDer(signature, octets);
    return await verifyEcdsa({ spki, curve, hash, signature: fixed, data });
  }
  const rsaHash = RSA_HASHES[algorithm];
  if (rsaHash !== undefined) {
    const parameters = { name: "RSASSA-PKCS1-v1_5", hash: rsaHash };
    return await verifyWith(spki, parameters, parameters, signature, data);
  }
  if (algorithm === OID.ed25519) {
    return await verifyWith(spki, { name: "Ed25519" }, { name: "Ed25519" }, signature, data);
  }
  throw new PkiError("KEY_UNSUPPORTED", `signature algorithm ${algorithm} is not supported`);
}

/** A fresh key pair with its encodings; `signer` uses the hash of the curve's own size. */
export interface EcKey {
  readonly curve: Curve;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** DER PKCS#8; secret. */
  readonly pkcs8: Uint8Array;
  readonly signer: Signer;
}

/** Makes a key pair on `curve`. */
export async function generateEcKey(curve: Curve): Promise<EcKey> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: curve }, true, [
    "sign",
    "verify",
  ]);
  const [spki, pkcs8] = await Promise.all([
    crypto.subtle.exportKey("spki", pair.publicKey),
    crypto.subtle.exportKey("pkcs8", pair.privateKey),
  ]);
  return {
    curve,
    spki: new Uint8Array(spki),
    pkcs8: new Uint8Array(pkcs8),
    signer: ecSigner(curve, pair.privateKey),
  };
}

/** The key pair of stored encodings. Throws a DOMException when they are no key on `curve`. */
export async function importEcKey(
  curve: Curve,
  pkcs8: Uint8Array,
  spki: Uint8Array,
): Promise<EcKey> {
  const parameters = { name: "ECDSA", namedCurve: curve };
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, parameters, false, ["sign"]);
  return { curve, spki, pkcs8, signer: ecSigner(curve, key) };
}

function ecSigner(curve: Curve, key: Parameters<typeof crypto.subtle.sign>[1]): Signer {
  const hash = curve === "P-256" ? "SHA-256" : "SHA-384";
  return {
    algorithm: algorithmIdentifier(curve === "P-256" ? OID.ecdsaWithSha256 : OID.ecdsaWithSha384),
    async sign(data) {
      const signature = await crypto.subtle.sign({ name: "ECDSA", hash }, key, data);
      return ecdsaToDer(new Uint8Array(signature));
    },
  };
}
