/** A key that WebCrypto imported. */
export type ImportedKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const P256_SHA256 = { name: "ECDSA", hash: "SHA-256" };

/** SHA-256 of `bytes`. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** Imports a P-256 public key from x‖y (64 bytes). Rejects when the point is not on the curve. */
export async function importP256Point(point: Uint8Array): Promise<ImportedKey> {
  const raw = new Uint8Array(65);
  raw[0] = 4;
  raw.set(point, 1);
  return await crypto.subtle.importKey("raw", raw, P256, false, ["verify"]);
}

/** Imports a P-256 public key from its DER SubjectPublicKeyInfo. */
export async function importP256Spki(spki: Uint8Array): Promise<ImportedKey> {
  return await crypto.subtle.importKey("spki", spki, P256, false, ["verify"]);
}

/** Whether `signature` (r‖s, 64 bytes) over `data` is by `key`, under SHA-256. */
export async function verifyP256(
  key: ImportedKey,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  return await crypto.subtle.verify(P256_SHA256, key, signature, data);
}

/**
 * What every quote needs anew. A platform whose own primitives are faster than WebCrypto, which hops
 * between threads for each, may give them; they must accept exactly what these accept.
 */
export interface QuoteCrypto {
  /** SHA-256 of `bytes`. */
  readonly sha256: (bytes: Uint8Array) => Promise<Uint8Array> | Uint8Array;
  /** Whether `signature` (r‖s, 64 bytes) over `data` is by `key`, under SHA-256. */
  readonly verifyP256: (
    key: ImportedKey,
    signature: Uint8Array,
    data: Uint8Array,
  ) => Promise<boolean> | boolean;
}

/** {@link QuoteCrypto} wherever WebCrypto is. */
export const WEB_QUOTE_CRYPTO: QuoteCrypto = Object.freeze({ sha256, verifyP256 });

const P384 = { name: "ECDSA", namedCurve: "P-384" };
const P384_SHA384 = { name: "ECDSA", hash: "SHA-384" };

/** Imports a P-384 public key from its DER SubjectPublicKeyInfo. */
export async function importP384Spki(spki: Uint8Array): Promise<ImportedKey> {
  return await crypto.subtle.importKey("spki", spki, P384, false, ["verify"]);
}

/** Whether `signature` (r‖s, 96 bytes) over `data` is by `key`, under SHA-384. */
export async function verifyP384(
  key: ImportedKey,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  return await crypto.subtle.verify(P384_SHA384, key, signature, data);
}
