import { DER_TAG, DerReader, der, derInteger, derOid } from "@carrara/encoding";
import { readAs, readSigned, signStructure } from "./certificate.ts";
import { PkiError } from "./error.ts";
import {
  type AlternativeNames,
  encodeExtension,
  extension,
  parseAlternativeNames,
  parseExtensions,
} from "./extension.ts";
import { encodeName, type NameAttribute, parseName } from "./name.ts";
import { OID } from "./oid.ts";
import { type EcdsaVerifier, type Signer, verifySignature } from "./signature.ts";

/** Largest certificate request that is read, in bytes. */
const MAX_REQUEST_BYTES = 16 * 1024;

/** A PKCS#10 request whose self-signature was verified. */
export interface CertificateRequest extends AlternativeNames {
  readonly subject: readonly NameAttribute[];
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
}

/** What a request to be made says. */
export interface CertificateRequestTemplate extends AlternativeNames {
  readonly subject: readonly NameAttribute[];
  readonly spki: Uint8Array;
}

/** Makes a DER certificate request (RFC 2986) with a SubjectAltName in its extensionRequest. */
export async function createCertificateRequest(
  template: CertificateRequestTemplate,
  signer: Signer,
): Promise<Uint8Array> {
  const extensions = der.sequence(encodeExtension(extension.subjectAlternativeName(template)));
  const info = der.sequence(
    der.integer(0),
    encodeName(template.subject),
    template.spki,
    der.context(0, der.sequence(der.oid(OID.extensionRequest), der.set(extensions))),
  );
  return await signStructure(info, signer);
}

/**
 * Parses a DER certificate request and verifies its self-signature.
 * Throws `CSR_MALFORMED`, `CSR_SIGNATURE_INVALID`, `KEY_UNSUPPORTED`.
 */
export async function parseCertificateRequest(
  bytes: Uint8Array,
  verifyEcdsa?: EcdsaVerifier,
): Promise<CertificateRequest> {
  const { request, signed } = readAs("CSR_MALFORMED", () => readRequest(bytes));
  let valid: boolean;
  try {
    const { algorithm, signature, tbs } = signed;
    valid = await verifySignature(request.spki, algorithm, signature, tbs.raw, verifyEcdsa);
  } catch (cause) {
    if (cause instanceof PkiError && cause.code === "KEY_UNSUPPORTED") throw cause;
    throw new PkiError("CSR_SIGNATURE_INVALID", "key or signature cannot be read", { cause });
  }
  if (!valid) throw new PkiError("CSR_SIGNATURE_INVALID", "self-signature does not verify");
  return request;
}

function readRequest(bytes: Uint8Array): {
  request: CertificateRequest;
  signed: ReturnType<typeof readSigned>;
} {
  if (bytes.length > MAX_REQUEST_BYTES) {
    throw new PkiError("CSR_MALFORMED", `request has ${bytes.length} bytes, 16384 allowed`);
  }
  const signed = readSigned(bytes);
  const info = new DerReader(signed.tbs.content);
  if (derInteger(info.read(DER_TAG.integer)) !== 0n) {
    throw new PkiError("CSR_MALFORMED", "request is not of version 1");
  }
  const subject = parseName(info.read(DER_TAG.sequence).raw);
  const spki = info.read(DER_TAG.sequence).raw;
  const names = info.nextTag === 0xa0 ? readNames(info.enter(0xa0)) : EMPTY_NAMES;
  info.end();
  return { request: { subject, spki, ...names }, signed };
}

const EMPTY_NAMES: AlternativeNames = { dnsNames: [], ipAddresses: [] };

function readNames(attributes: DerReader): AlternativeNames {
  let names = EMPTY_NAMES;
  while (!attributes.done) {
    const attribute = attributes.enter();
    const type = derOid(attribute.read(DER_TAG.oid));
    const values = attribute.enter(DER_TAG.set);
    attribute.end();
    if (type !== OID.extensionRequest) continue;
    for (const { oid, value } of parseExtensions(values.enter())) {
      if (oid === OID.subjectAlternativeName) names = parseAlternativeNames(value);
    }
  }
  return names;
}
