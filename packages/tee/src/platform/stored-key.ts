import { fromBase64, toBase64 } from "@carrara/encoding";
import { z } from "zod";

/** Longest base64 of a key or certificate: RSA-4096 has 3.2 KB. */
const MAX_CHARS = 8192;

/** A base64 member of a credentials file. */
export const storedBytes: z.ZodBase64 = z.base64().max(MAX_CHARS);
type KeyShape = Readonly<Record<"pkcs8" | "spki", z.ZodBase64>>;

const keyShape: KeyShape = { pkcs8: storedBytes, spki: storedBytes };

/** A key pair in a credentials file. */
export const storedKey: z.ZodObject<KeyShape, z.core.$strict> = z.strictObject(keyShape);
/** A key pair with its certificate in a credentials file. */
export const storedCertifiedKey: z.ZodObject<
  KeyShape & Readonly<Record<"certificate", z.ZodBase64>>,
  z.core.$strict
> = z.strictObject({ ...keyShape, certificate: storedBytes });
/** A key pair as it is stored. Secret. */
export type StoredKey = z.infer<typeof storedKey>;
/** A certified key pair as it is stored. Secret. */
export type StoredCertifiedKey = z.infer<typeof storedCertifiedKey>;

interface KeyBytes {
  readonly pkcs8: Uint8Array;
  readonly spki: Uint8Array;
}

/** Writes a key pair. Secret. */
export function storeKey({ pkcs8, spki }: KeyBytes): StoredKey {
  return { pkcs8: toBase64(pkcs8), spki: toBase64(spki) };
}

/** Writes a key pair with its certificate. Secret. */
export function storeCertified(certified: {
  readonly key: KeyBytes;
  readonly certificate: Uint8Array;
}): StoredCertifiedKey {
  return { ...storeKey(certified.key), certificate: toBase64(certified.certificate) };
}

/** Reads the bytes of a key pair. */
export function keyBytes({ pkcs8, spki }: StoredKey): KeyBytes {
  return { pkcs8: fromBase64(pkcs8), spki: fromBase64(spki) };
}
