import {
  commonName,
  createCertificateRequest,
  extension,
  generateEcKey,
  issueCertificate,
  OID,
  randomSerial,
} from "@carrara/pki";

/** 2^63 − 1 nanoseconds in milliseconds, about 292 years: how long certificates of the mesh last. */
const VALID_FOR_MS = 9_223_372_036_854;

/** The key of one start of a marble and what is made with it. */
export interface MarbleIdentity {
  /** DER, self-signed; its SHA-256 is what evidence is taken over. */
  readonly certificate: Uint8Array;
  /** DER PKCS#8; secret. */
  readonly pkcs8: Uint8Array;
  /** DER PKCS#10 with an empty subject. */
  readonly certificateRequest: Uint8Array;
}

/** Makes a fresh P-384 key, client certificate and request (spec marblerun section 3.2). */
export async function createMarbleIdentity(options: {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly now: Date;
}): Promise<MarbleIdentity> {
  const { dnsNames, ipAddresses, now } = options;
  const { spki, pkcs8, signer } = await generateEcKey("P-384");
  const name = commonName("MarbleRun Marble");
  const [certificate, certificateRequest] = await Promise.all([
    issueCertificate(
      {
        serial: randomSerial(),
        issuer: name,
        subject: name,
        notBefore: now,
        notAfter: new Date(now.getTime() + VALID_FOR_MS),
        spki,
        extensions: [
          extension.keyUsage("digitalSignature", "keyAgreement"),
          extension.extendedKeyUsage(OID.serverAuth, OID.clientAuth),
          extension.basicConstraints(false),
          extension.subjectAlternativeName({ dnsNames, ipAddresses }),
        ],
      },
      signer,
    ),
    createCertificateRequest({ subject: [], spki, dnsNames, ipAddresses }, signer),
  ]);
  return { certificate, pkcs8, certificateRequest };
}
