import {
  DER_TAG,
  DerReader,
  derOid,
  EncodingError,
  equalBytes,
  parsePem,
  readDer,
  utf8,
} from "@carrara/encoding";
import {
  type Certificate,
  findExtension,
  isSignedBy,
  OID,
  PkiError,
  parseBasicConstraints,
  parseCertificate,
  parseKeyUsage,
} from "@carrara/pki";
import { BallotError } from "./error.ts";

/** The Coordinator writes a marble's type into its certificate, as raw UTF-8 under this OID. */
const MARBLE_TYPE_OID = "1.3.9903.2.1";
/** A marble's certificate, the intermediate and the root, with room for text around them. */
const MAX_PEM_CHARACTERS = 64 * 1024;

/** What a marble's certificate is checked against. */
export interface CertificateTrust {
  /** The mesh CA's certificate, from an attested Coordinator. */
  readonly intermediatePem: string;
  readonly now: Date;
  readonly marbleType: string;
}

/**
 * The first certificate of `chain`, which must be issued by the mesh CA to a marble of the type that is
 * needed and be valid now. What else the chain has proves nothing and is not looked at. Throws
 * `KEYS_CERTIFICATE_INVALID`.
 */
export async function verifyMarbleCertificate(
  chain: string,
  { intermediatePem, now, marbleType }: CertificateTrust,
): Promise<Certificate> {
  try {
    const issuer = firstCertificate(intermediatePem);
    const leaf = firstCertificate(chain);
    assertValidAt(issuer, now);
    assertValidAt(leaf, now);
    assertLeaf(leaf, marbleType);
    if (!equalBytes(leaf.issuerRaw, issuer.subjectRaw) || !(await isSignedBy(leaf, issuer.spki))) {
      throw refused("was not issued by this mesh's CA");
    }
    return leaf;
  } catch (cause) {
    if (cause instanceof BallotError) throw cause;
    const known = cause instanceof PkiError || cause instanceof EncodingError;
    if (known || cause instanceof DOMException) throw refused("cannot be read or checked", cause);
    throw cause;
  }
}

/** The curve of a certificate's key, by its dotted OID; undefined when it is on none. */
export function curveOf({ spki }: Certificate): string | undefined {
  const algorithm = new DerReader(readDer(spki, DER_TAG.sequence).content).enter();
  if (derOid(algorithm.read(DER_TAG.oid)) !== OID.ecPublicKey) return undefined;
  return derOid(algorithm.read(DER_TAG.oid));
}

function firstCertificate(pem: string): Certificate {
  if (pem.length > MAX_PEM_CHARACTERS) {
    throw refused(`chain has ${pem.length} characters, ${MAX_PEM_CHARACTERS} allowed`);
  }
  const [first] = parsePem(pem);
  if (first?.label !== "CERTIFICATE") throw refused("is not there");
  return parseCertificate(first.bytes);
}

function assertValidAt({ notBefore, notAfter }: Certificate, now: Date): void {
  if (now >= notBefore && now <= notAfter) return;
  throw refused(`is valid from ${notBefore.toISOString()} to ${notAfter.toISOString()} only`);
}

function assertLeaf(leaf: Certificate, marbleType: string): void {
  const constraints = findExtension(leaf, OID.basicConstraints);
  if (constraints !== undefined && parseBasicConstraints(constraints.value).ca) {
    throw refused("is a CA's");
  }
  const usage = findExtension(leaf, OID.keyUsage);
  if (usage === undefined || !parseKeyUsage(usage.value).has("digitalSignature")) {
    throw refused("is not for signatures");
  }
  const type = findExtension(leaf, MARBLE_TYPE_OID);
  if (type === undefined || !equalBytes(type.value, utf8(marbleType))) {
    throw refused(`is not that of a marble of the type ${marbleType}`);
  }
}

function refused(message: string, cause?: unknown): BallotError {
  const options = cause === undefined ? undefined : { cause };
  return new BallotError("KEYS_CERTIFICATE_INVALID", `certificate ${message}`, options);
}
