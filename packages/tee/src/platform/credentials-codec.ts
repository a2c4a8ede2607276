import { fromBase64, toBase64, utf8 } from "@carrara/encoding";
import { type EcKey, importEcKey, parseCertificate } from "@carrara/pki";
import { z } from "zod";
import type { CertifiedKey, PlatformCredentials } from "./platform-credentials.ts";
import { invalidState } from "./private-file.ts";
import {
  keyBytes,
  type StoredCertifiedKey,
  type StoredKey,
  storeCertified,
  storedBytes,
  storedCertifiedKey,
  storedKey,
  storeKey,
} from "./stored-key.ts";

const stored = z.strictObject({
  version: z.literal(1),
  root: storedCertifiedKey,
  platformCa: storedCertifiedKey,
  pck: storedCertifiedKey,
  tcbSigning: storedCertifiedKey,
  attestationKey: storedKey,
  qeAuthData: storedBytes,
  qeMrSigner: storedBytes,
});

/** The credentials as JSON text. Secret: for a file that only its owner can read. */
export function encodeCredentials(credentials: PlatformCredentials): Uint8Array {
  const { root, platformCa, pck, tcbSigning } = credentials;
  const document: z.infer<typeof stored> = {
    version: 1,
    root: storeCertified(root),
    platformCa: storeCertified(platformCa),
    pck: storeCertified(pck),
    tcbSigning: storeCertified(tcbSigning),
    attestationKey: storeKey(credentials.attestationKey),
    qeAuthData: toBase64(credentials.qeAuthData),
    qeMrSigner: toBase64(credentials.qeMrSigner),
  };
  return utf8(JSON.stringify(document));
}

/** Credentials that `encodeCredentials` wrote. Throws `PLATFORM_STATE_INVALID`. */
export async function parseCredentials(bytes: Uint8Array): Promise<PlatformCredentials> {
  try {
    const document = stored.parse(JSON.parse(new TextDecoder().decode(bytes)));
    const [root, platformCa, pck, tcbSigning, attestationKey] = await Promise.all([
      loadCertified(document.root),
      loadCertified(document.platformCa),
      loadCertified(document.pck),
      loadCertified(document.tcbSigning),
      load(document.attestationKey),
    ]);
    return {
      root,
      platformCa,
      pck,
      tcbSigning,
      attestationKey,
      qeAuthData: fromBase64(document.qeAuthData),
      qeMrSigner: fromBase64(document.qeMrSigner),
      notAfter: parseCertificate(root.certificate).notAfter,
    };
  } catch {
    // Whatever was thrown may quote the file, which is full of keys: it is not passed on.
    throw invalidState("credentials file of the platform is damaged");
  }
}

async function load(document: StoredKey): Promise<EcKey> {
  const { pkcs8, spki } = keyBytes(document);
  return await importEcKey("P-256", pkcs8, spki);
}

async function loadCertified(document: StoredCertifiedKey): Promise<CertifiedKey> {
  const certificate = fromBase64(document.certificate);
  const key = await load(document);
  return { key, serial: parseCertificate(certificate).serial, certificate };
}
