import {
  type Curve,
  commonName,
  createCertificateRequest,
  extension,
  generateEcKey,
  issueCertificate,
  longestValidity,
  OID,
  randomSerial,
} from "@carrara/pki";

/** The key of one start of a marble and what is made with it. */
export interface MarbleIdentity {
  /** DER, self-signed; its SHA-256 is what evidence is taken over. */
  readonly certificate: Uint8Array;
  /** DER PKCS#8; secret. */
  readonly pkcs8: Uint8Array;
  /** DER PKCS#10 with an empty subject. */
  readonly certificateRequest: Uint8Array;
}

/**
 * Makes a fresh key, client certificate and request (spec marblerun section 3.2). MarbleRun's are on
 * P-384. Ours are on P-256: the key lives for one start, the SGX or TDX quote that vouches for it and
 * the key exchange of its connection have the same 128 bits, and each use costs both sides a tenth.
 */
export async function createMarbleIdentity(options: {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly now: Date;
  /** Default: P-256. */
  readonly curve?: Curve;
}): Promise<MarbleIdentity> {
  const { dnsNames, ipAddresses, now, curve = "P-256" } = options;
  const { spki, pkcs8, signer } = await generateEcKey(curve);
  const name = commonName("MarbleRun Marble");
  const [certificate, certificateRequest] = await Promise.all([
    issueCertificate(
      {
        serial: randomSerial(),
        issuer: name,
        subject: name,
        ...longestValidity(now),
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
