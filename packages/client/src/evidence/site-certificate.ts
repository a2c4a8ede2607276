import { EncodingError, equalBytes, parsePem, toHex } from "@carrara/encoding";
import {
  type Certificate,
  commonNameOf,
  findExtension,
  isSignedBy,
  OID,
  PkiError,
  parseAlternativeNames,
  parseBasicConstraints,
  parseCertificate,
} from "@carrara/pki";
import { ClientError } from "../error.ts";

/** The certificate of a site, once its chain ends in the attested Root. */
export interface SiteCertificate {
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Of the DER certificate, lower-case hex: what browsers show as its fingerprint. */
  readonly sha256: string;
  /** False when an update has replaced the mesh CA since it was issued. */
  readonly isCurrent: boolean;
}

/** A leaf, its issuer and perhaps the Root. */
const MAX_CERTIFICATES = 8;

/**
 * Checks that a site's chain ends in the attested Root: at `now`, by a CA that Root signed. Throws
 * `SITE_CERTIFICATE_FOREIGN`, and `SITE_CERTIFICATE_EXPIRED` outside its validity.
 */
export async function verifySiteChain(
  chainPem: string,
  mesh: { readonly rootPem: string; readonly intermediatePem: string },
  now: Date,
): Promise<SiteCertificate> {
  const [leaf, ...others] = readCertificates(chainPem);
  const [current] = readCertificates(mesh.intermediatePem);
  const [root] = readCertificates(mesh.rootPem);
  if (leaf === undefined || current === undefined || root === undefined) {
    throw foreign("the site told no certificate");
  }
  const issuer = await findIssuer(leaf, [current, ...others]);
  if (issuer === undefined) throw foreign("no mesh CA has issued it");
  if (!isAuthority(issuer) || !(await isIssuedBy(issuer, root))) {
    throw foreign("its issuer was not certified by the Coordinator that the evidence speaks of");
  }
  for (const each of [leaf, issuer]) requireValid(each, now);
  return { ...(await describe(leaf)), isCurrent: equalBytes(issuer.raw, current.raw) };
}

function readCertificates(pem: string): readonly Certificate[] {
  try {
    const blocks = parsePem(pem);
    if (blocks.length > MAX_CERTIFICATES) {
      throw foreign(`the chain has ${blocks.length} certificates, at most ${MAX_CERTIFICATES}`);
    }
    return blocks.map(({ bytes }) => parseCertificate(bytes));
  } catch (cause) {
    if (!(cause instanceof EncodingError || cause instanceof PkiError)) throw cause;
    throw foreign("the chain cannot be read", cause);
  }
}

async function findIssuer(
  leaf: Certificate,
  candidates: readonly Certificate[],
): Promise<Certificate | undefined> {
  for (const candidate of candidates) {
    if (await isIssuedBy(leaf, candidate)) return candidate;
  }
  return undefined;
}

async function isIssuedBy(certificate: Certificate, issuer: Certificate): Promise<boolean> {
  if (!equalBytes(certificate.issuerRaw, issuer.subjectRaw)) return false;
  try {
    return await isSignedBy(certificate, issuer.spki);
  } catch {
    // A key or signature that cannot be read, by our parsers or by WebCrypto: nobody's signature.
    return false;
  }
}

function isAuthority(certificate: Certificate): boolean {
  const found = findExtension(certificate, OID.basicConstraints);
  try {
    return found !== undefined && parseBasicConstraints(found.value).ca;
  } catch (cause) {
    if (cause instanceof EncodingError || cause instanceof PkiError) return false;
    throw cause;
  }
}

function requireValid({ notBefore, notAfter }: Certificate, now: Date): void {
  if (now >= notBefore && now <= notAfter) return;
  throw new ClientError(
    "SITE_CERTIFICATE_EXPIRED",
    `the site's certificate is valid from ${notBefore.toISOString()} to ${notAfter.toISOString()}, now it is ${now.toISOString()}`,
  );
}

async function describe(leaf: Certificate): Promise<Omit<SiteCertificate, "isCurrent">> {
  const names = findExtension(leaf, OID.subjectAlternativeName);
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(leaf.raw));
  return {
    commonName: commonNameOf(leaf.subject),
    dnsNames: names === undefined ? [] : readNames(names.value),
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
    sha256: toHex(new Uint8Array(digest)),
  };
}

function readNames(value: Uint8Array): readonly string[] {
  try {
    return parseAlternativeNames(value).dnsNames;
  } catch (cause) {
    if (!(cause instanceof EncodingError || cause instanceof PkiError)) throw cause;
    throw foreign("its names cannot be read", cause);
  }
}

function foreign(why: string, cause?: unknown): ClientError {
  return new ClientError(
    "SITE_CERTIFICATE_FOREIGN",
    `the site's certificate does not end in the attested root: ${why}`,
    { cause },
  );
}
