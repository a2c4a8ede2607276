import type { SnpProduct } from "@carrara/attestation";
import { fromBase64, utf8 } from "@carrara/encoding";
import { type EcKey, importEcKey, importRsaKey, parseCertificate } from "@carrara/pki";
import { z } from "zod";
import type { AmdCredentials, CertifiedRsaKey } from "./amd-credentials.ts";
import { invalidState } from "./private-file.ts";
import {
  keyBytes,
  type StoredCertifiedKey,
  type StoredKey,
  storeCertified,
  storedCertifiedKey,
  storedKey,
  storeKey,
} from "./stored-key.ts";

const stored = z.strictObject({
  version: z.literal(1),
  product: z.enum(["Milan", "Genoa", "Turin"]),
  ark: storedCertifiedKey,
  ask: storedCertifiedKey,
  asvk: storedCertifiedKey,
  vcek: storedKey,
  vlek: storedKey,
});

/** The credentials as JSON text. Secret: for a file that only its owner can read. */
export function encodeAmdCredentials(credentials: AmdCredentials): Uint8Array {
  const { product, ark, ask, asvk, vcek, vlek } = credentials;
  const document: z.infer<typeof stored> = {
    version: 1,
    product,
    ark: storeCertified(ark),
    ask: storeCertified(ask),
    asvk: storeCertified(asvk),
    vcek: storeKey(vcek),
    vlek: storeKey(vlek),
  };
  return utf8(JSON.stringify(document));
}

/** Credentials of `product` that `encodeAmdCredentials` wrote. Throws `PLATFORM_STATE_INVALID`. */
export async function parseAmdCredentials(
  bytes: Uint8Array,
  product: SnpProduct,
): Promise<AmdCredentials> {
  try {
    const document = stored
      .extend({ product: z.literal(product) })
      .parse(JSON.parse(new TextDecoder().decode(bytes)));
    const [ark, ask, asvk, vcek, vlek] = await Promise.all([
      loadCertified(document.ark),
      loadCertified(document.ask),
      loadCertified(document.asvk),
      load(document.vcek),
      load(document.vlek),
    ]);
    const { notBefore, notAfter } = parseCertificate(ark.certificate);
    return { product, ark, ask, asvk, vcek, vlek, notBefore, notAfter };
  } catch {
    // Whatever was thrown may quote the file, which is full of keys: it is not passed on.
    throw invalidState("amd credentials file of the platform is damaged");
  }
}

async function load(document: StoredKey): Promise<EcKey> {
  const { pkcs8, spki } = keyBytes(document);
  return await importEcKey("P-384", pkcs8, spki);
}

async function loadCertified(document: StoredCertifiedKey): Promise<CertifiedRsaKey> {
  const { pkcs8, spki } = keyBytes(document);
  const certificate = fromBase64(document.certificate);
  const key = await importRsaKey(pkcs8, spki);
  return { key, serial: parseCertificate(certificate).serial, certificate };
}
