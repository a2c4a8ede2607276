import { EncodingError, equalBytes, parsePem, toHex } from "@carrara/encoding";
import {
  type Certificate,
  type Crl,
  commonNameOf,
  findExtension,
  isPartialCrl,
  isRsaPssSha384,
  isSignedBy,
  OID,
  PkiError,
  parseBasicConstraints,
  parseCertificate,
  parseCrl,
  parseKeyUsage,
} from "@carrara/pki";
import { AttestationError, type VerificationErrorCode } from "./error.ts";

/** Longest PEM chain that is read, in characters: three certificates are below 8 KiB. */
const MAX_CHAIN_CHARACTERS = 64 * 1024;
/** Characters of a name that messages repeat; real ones are below 40. */
const MAX_NAME_CHARACTERS = 64;
/** Whether something signed names the one signature algorithm that its vendor uses. */
export type SignatureProfile = (
  signed: Pick<Certificate, "signatureAlgorithm" | "signatureAlgorithmRaw">,
) => boolean;

/** Intel: ecdsa-with-SHA256. */
export const INTEL_SIGNATURES: SignatureProfile = ({ signatureAlgorithm }) =>
  signatureAlgorithm === OID.ecdsaWithSha256;

/** AMD: RSASSA-PSS with exactly SHA-384, MGF1 with SHA-384 and 48 octets of salt. */
export const AMD_SIGNATURES: SignatureProfile = ({ signatureAlgorithmRaw }) =>
  isRsaPssSha384(signatureAlgorithmRaw);

/** Critical extensions that these checks understand. */
const UNDERSTOOD: ReadonlySet<string> = new Set([OID.basicConstraints, OID.keyUsage]);

function refuse(code: VerificationErrorCode, message: string, cause?: unknown): AttestationError {
  return new AttestationError(code, message, { cause });
}

/** The common name of who a certificate speaks of, quoted for messages. */
function nameOf({ subject }: Pick<Certificate, "subject">): string {
  return JSON.stringify(commonNameOf(subject).slice(0, MAX_NAME_CHARACTERS));
}

/** Runs a reader of certificates and turns its errors into `code`. */
function reading<T>(code: VerificationErrorCode, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof PkiError || cause instanceof EncodingError) {
      throw refuse(code, cause.message, cause);
    }
    throw cause;
  }
}

/**
 * The certificates of a PEM text, in order. White space between them and a final NUL are allowed,
 * any other text is not (section 2.3 step 2). Throws `CERT_MALFORMED`, `CERT_CHAIN_INVALID`.
 */
export function parseChain(pem: string, length: number): Certificate[] {
  if (pem.length > MAX_CHAIN_CHARACTERS) throw refuse("CERT_MALFORMED", "chain text is too long");
  const text = pem.split("\0", 1)[0] ?? "";
  const blocks = reading("CERT_MALFORMED", () => parsePem(text));
  const between = text.replace(/-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g, "");
  if (between.trim() !== "" || blocks.some(({ label }) => label !== "CERTIFICATE")) {
    throw refuse("CERT_MALFORMED", "text that is no certificate in a chain");
  }
  if (blocks.length !== length) {
    throw refuse("CERT_CHAIN_INVALID", `chain has ${blocks.length} certificates, ${length} needed`);
  }
  return blocks.map(({ bytes }) => reading("CERT_MALFORMED", () => parseCertificate(bytes)));
}

/**
 * Checks that `subject` was issued by `issuer` (section 2.2), all but times. `below` is how many CA
 * certificates lie between the issuer and the leaf. Throws `CERT_CHAIN_INVALID`, `CERT_CONSTRAINT`.
 */
export async function checkIssued(
  subject: Certificate,
  issuer: Certificate,
  below: number,
  isExpected: SignatureProfile = INTEL_SIGNATURES,
): Promise<void> {
  if (!equalBytes(subject.issuerRaw, issuer.subjectRaw)) {
    throw refuse(
      "CERT_CHAIN_INVALID",
      `${nameOf(subject)} names another issuer than ${nameOf(issuer)}`,
    );
  }
  const { ca, pathLength } = constraintsOf(issuer);
  if (!ca || (pathLength !== undefined && pathLength < below)) {
    throw refuse("CERT_CONSTRAINT", `${nameOf(issuer)} may not issue ${nameOf(subject)}`);
  }
  if (!mayUse(issuer, "keyCertSign")) {
    throw refuse("CERT_CONSTRAINT", `the key of ${nameOf(issuer)} may not sign certificates`);
  }
  if (!isExpected(subject)) {
    throw refuse("CERT_CHAIN_INVALID", `signature algorithm is ${subject.signatureAlgorithm}`);
  }
  if (!(await signedBy(subject, issuer.spki))) {
    throw refuse("CERT_CHAIN_INVALID", `the signature of ${nameOf(subject)} does not verify`);
  }
  checkCriticalExtensions(subject, UNDERSTOOD);
}

/** Whether the key `spki` signed a certificate or revocation list. */
export async function signedBy(
  signed: Parameters<typeof isSignedBy>[0],
  spki: Uint8Array,
): Promise<boolean> {
  try {
    return await isSignedBy(signed, spki);
  } catch {
    // A signature or key that cannot even be read does not verify.
    return false;
  }
}

/** Refuses critical extensions that are not `understood`. Throws `CERT_CONSTRAINT`. */
export function checkCriticalExtensions(
  { extensions }: Certificate,
  understood: ReadonlySet<string>,
): void {
  const unknown = extensions.find(({ oid, critical }) => critical && !understood.has(oid));
  if (unknown !== undefined) {
    throw refuse("CERT_CONSTRAINT", `critical extension ${unknown.oid} is not understood`);
  }
}

function constraintsOf(certificate: Certificate): { ca: boolean; pathLength?: number } {
  const found = findExtension(certificate, OID.basicConstraints);
  if (found === undefined) return { ca: false };
  return reading("CERT_MALFORMED", () => parseBasicConstraints(found.value));
}

function mayUse(certificate: Certificate, usage: "keyCertSign" | "cRLSign"): boolean {
  const found = findExtension(certificate, OID.keyUsage);
  if (found === undefined) return true;
  return reading("CERT_MALFORMED", () => parseKeyUsage(found.value)).has(usage);
}

/** Refuses a leaf that could issue certificates of its own. Throws `CERT_CONSTRAINT`. */
export function checkIsLeaf(certificate: Certificate): void {
  if (constraintsOf(certificate).ca) throw refuse("CERT_CONSTRAINT", "a leaf may not be a CA");
}

/** Checks notBefore ≤ now ≤ notAfter. Throws `CERT_NOT_YET_VALID`, `CERT_EXPIRED`. */
export function checkCertificateTime(certificate: Certificate, now: Date): void {
  const { notBefore, notAfter } = certificate;
  if (now < notBefore) {
    const from = notBefore.toISOString();
    throw refuse("CERT_NOT_YET_VALID", `${nameOf(certificate)} is valid from ${from}`);
  }
  if (now > notAfter) {
    const until = notAfter.toISOString();
    throw refuse("CERT_EXPIRED", `${nameOf(certificate)} was valid until ${until}`);
  }
}

/** A CRL whose signature and form were checked, but not yet its times. */
export interface VerifiedCrl {
  /** Of whom it is, quoted for messages. */
  readonly issuer: string;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly revoked: Crl["revoked"];
}

/**
 * Checks a CRL in DER under its issuer (section 2.2), all but times. Throws `CRL_MISSING`,
 * `CRL_MALFORMED`, `CRL_ISSUER_MISMATCH`, `CRL_SIGNATURE_INVALID`.
 */
export async function verifyCrl(
  bytes: Uint8Array,
  issuer: Certificate,
  isExpected: SignatureProfile = INTEL_SIGNATURES,
): Promise<VerifiedCrl> {
  const name = nameOf(issuer);
  if (bytes.length === 0) throw refuse("CRL_MISSING", `there is no revocation list of ${name}`);
  const crl = reading("CRL_MALFORMED", () => parseCrl(bytes));
  if (!equalBytes(crl.issuerRaw, issuer.subjectRaw)) {
    throw refuse("CRL_ISSUER_MISMATCH", `revocation list of another issuer than ${name}`);
  }
  if (!isExpected(crl) || !(await signedBy(crl, issuer.spki))) {
    throw refuse("CRL_SIGNATURE_INVALID", `revocation list of ${name}: signature does not verify`);
  }
  if (!mayUse(issuer, "cRLSign")) {
    throw refuse("CRL_SIGNATURE_INVALID", `the key of ${name} may not sign revocation lists`);
  }
  const { thisUpdate, nextUpdate, revoked } = crl;
  const complete =
    findExtension(crl, OID.authorityKeyIdentifier) !== undefined &&
    findExtension(crl, OID.crlNumber) !== undefined;
  const strange = crl.extensions.some(({ critical }) => critical) || crl.hasCriticalEntryExtension;
  if (!complete || strange || isPartialCrl(crl) || nextUpdate === undefined) {
    const message = `revocation list of ${name} is partial, open-ended or not understood`;
    throw refuse("CRL_MALFORMED", message);
  }
  return { issuer: name, thisUpdate, nextUpdate, revoked };
}

/** Checks thisUpdate ≤ now ≤ nextUpdate. Throws `CRL_NOT_YET_VALID`, `CRL_EXPIRED`. */
export function checkCrlTime({ issuer, thisUpdate, nextUpdate }: VerifiedCrl, now: Date): void {
  const list = `revocation list of ${issuer}`;
  if (now < thisUpdate) {
    throw refuse("CRL_NOT_YET_VALID", `${list} was issued ${thisUpdate.toISOString()}`);
  }
  if (now > nextUpdate) {
    throw refuse("CRL_EXPIRED", `${list} was due again ${nextUpdate.toISOString()}`);
  }
}

/** Refuses a certificate whose serial is listed. Throws `CERT_REVOKED`. */
export function checkNotRevoked(certificate: Certificate, { revoked }: VerifiedCrl): void {
  if (!revoked.has(toHex(certificate.serial))) return;
  throw refuse("CERT_REVOKED", `${nameOf(certificate)} was revoked`);
}
