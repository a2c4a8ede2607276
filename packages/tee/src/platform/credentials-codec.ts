import { fromBase64, toBase64, utf8 } from "@carrara/encoding";
import { type EcKey, importEcKey, parseCertificate } from "@carrara/pki";
import { z } from "zod";
import { TeeError } from "../error.ts";
import type { CertifiedKey, PlatformCredentials } from "./platform-credentials.ts";

const base64 = z.base64().max(4096);
const storedKey = z.strictObject({ pkcs8: base64, spki: base64 });
const storedCertifiedKey = storedKey.extend({ certificate: base64 });
const stored = z.strictObject({
  version: z.literal(1),
  root: storedCertifiedKey,
  platformCa: storedCertifiedKey,
  pck: storedCertifiedKey,
  tcbSigning: storedCertifiedKey,
  attestationKey: storedKey,
  qeAuthData: base64,
  qeMrSigner: base64,
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
    attestationKey: store(credentials.attestationKey),
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
    throw new TeeError("PLATFORM_STATE_INVALID", "credentials file of the platform is damaged");
  }
}

function store({ pkcs8, spki }: EcKey): z.infer<typeof storedKey> {
  return { pkcs8: toBase64(pkcs8), spki: toBase64(spki) };
}

function storeCertified({ key, certificate }: CertifiedKey): z.infer<typeof storedCertifiedKey> {
  return { ...store(key), certificate: toBase64(certificate) };
}

async function load({ pkcs8, spki }: z.infer<typeof storedKey>): Promise<EcKey> {
  return await importEcKey("P-256", fromBase64(pkcs8), fromBase64(spki));
}

async function loadCertified(document: z.infer<typeof storedCertifiedKey>): Promise<CertifiedKey> {
  const certificate = fromBase64(document.certificate);
  const { pkcs8, spki } = document;
  const key = await load({ pkcs8, spki });
  return { key, serial: parseCertificate(certificate).serial, certificate };
}
