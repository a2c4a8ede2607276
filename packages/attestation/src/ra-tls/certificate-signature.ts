import { EncodingError, equalBytes } from "@carrara/encoding";
import {
  type Certificate,
  findExtension,
  OID,
  PkiError,
  parseBasicConstraints,
  parseCertificate,
  parseKeyUsage,
} from "@carrara/pki";
import { checkCriticalExtensions, signedBy } from "../certificate-check.ts";
import { AttestationError } from "../error.ts";
import { RA_TLS_OID } from "./evidence.ts";

/** Most certificates between the attested one and the caller's CA. */
const MAX_INTERMEDIATES = 4;
/** Extensions that may be critical: what they say is checked here or is for the TLS stack. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  ...Object.values(RA_TLS_OID),
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectAlternativeName,
]);

/** Who is to have signed a certificate: a CA of the caller's, or the certified key itself. */
export interface CertificateIssuer {
  /** DER certificate of the CA. Without one, the certificate must be self-signed. */
  readonly ca?: Uint8Array | undefined;
  /** DER certificates between, from the certificate's issuer upwards. */
  readonly intermediates?: readonly Uint8Array[] | undefined;
  readonly now: Date;
}

/**
 * Checks who signed the certificate (section 6.2 step 2). Throws `RATLS_CERT_SIGNATURE`,
 * `CERT_CONSTRAINT` for a critical extension that is not understood, and `RATLS_CERT_VALIDITY` for
 * a CA that is not in force: only the attested certificate's own validity can be ignored.
 */
export async function checkCertificateSignature(
  certificate: Certificate,
  issuer: CertificateIssuer,
): Promise<void> {
  const { ca, intermediates = [], now } = issuer;
  checkCriticalExtensions(certificate, UNDERSTOOD);
  if (ca === undefined) {
    if (await signedBy(certificate, certificate.spki)) return;
    throw refuse("the certificate's self-signature does not verify");
  }
  if (intermediates.length > MAX_INTERMEDIATES) {
    throw refuse(`${intermediates.length} intermediate certificates, ${MAX_INTERMEDIATES} allowed`);
  }
  let subject = certificate;
  for (const [below, der] of [...intermediates, ca].entries()) {
    const authority = parseAuthority(der);
    await checkIssuedBy(subject, authority, below);
    checkValidity(authority, now);
    subject = authority;
  }
}

/** Checks notBefore ≤ now ≤ notAfter. Throws `RATLS_CERT_VALIDITY`. */
export function checkValidity({ notBefore, notAfter }: Certificate, now: Date): void {
  if (now >= notBefore && now <= notAfter) return;
  throw new AttestationError(
    "RATLS_CERT_VALIDITY",
    `valid from ${notBefore.toISOString()} until ${notAfter.toISOString()}`,
  );
}

function parseAuthority(der: Uint8Array): Certificate {
  return reading(() => parseCertificate(der));
}

async function checkIssuedBy(
  subject: Certificate,
  authority: Certificate,
  below: number,
): Promise<void> {
  checkCriticalExtensions(authority, UNDERSTOOD);
  if (!equalBytes(subject.issuerRaw, authority.subjectRaw)) {
    throw refuse("issuer and subject names differ");
  }
  if (!mayIssue(authority, below)) throw refuse("the issuer may not issue this certificate");
  if (!(await signedBy(subject, authority.spki))) {
    throw refuse("the certificate's signature is not by its CA");
  }
}

function mayIssue(authority: Certificate, below: number): boolean {
  const constraints = findExtension(authority, OID.basicConstraints);
  const usage = findExtension(authority, OID.keyUsage);
  if (constraints === undefined) return false;
  const { ca, pathLength = below } = reading(() => parseBasicConstraints(constraints.value));
  const maySign =
    usage === undefined || reading(() => parseKeyUsage(usage.value)).has("keyCertSign");
  return ca && pathLength >= below && maySign;
}

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof PkiError || cause instanceof EncodingError)) throw cause;
    throw refuse(`the CA's certificate: ${cause.message}`, cause);
  }
}

function refuse(message: string, cause?: unknown): AttestationError {
  return new AttestationError("RATLS_CERT_SIGNATURE", message, { cause });
}
