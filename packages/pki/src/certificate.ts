import {
  DER_TAG,
  type DerNode,
  DerReader,
  der,
  derBitString,
  derInteger,
  derOid,
  derTime,
  EncodingError,
  readDer,
} from "@carrara/encoding";
import { PkiError, type PkiErrorCode } from "./error.ts";
import { type Extension, encodeExtension, parseExtensions } from "./extension.ts";
import { encodeName, type NameAttribute, parseName } from "./name.ts";
import { isRsaPssSha384, verifyRsaPssSha384 } from "./rsa-pss.ts";
import { type Signer, verifySignature } from "./signature.ts";

/** Largest certificate that is read, in bytes (attestation profile: far above every real one). */
const MAX_CERTIFICATE_BYTES = 16 * 1024;

/** A parsed X.509 v3 certificate. Byte fields are views of `raw`; nothing is verified. */
export interface Certificate {
  /** The whole DER certificate. */
  readonly raw: Uint8Array;
  /** What the signature covers. */
  readonly tbs: Uint8Array;
  /** DER INTEGER content octets: compare as bytes. */
  readonly serial: Uint8Array;
  /** DER Name; compare as bytes. */
  readonly issuerRaw: Uint8Array;
  readonly subjectRaw: Uint8Array;
  readonly issuer: readonly NameAttribute[];
  readonly subject: readonly NameAttribute[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly extensions: readonly Extension[];
  /** Dotted signature algorithm, and its whole DER AlgorithmIdentifier. */
  readonly signatureAlgorithm: string;
  readonly signatureAlgorithmRaw: Uint8Array;
  readonly signature: Uint8Array;
}

/** What a certificate to be issued says. */
export interface CertificateTemplate {
  readonly serial: Uint8Array;
  readonly issuer: readonly NameAttribute[];
  readonly subject: readonly NameAttribute[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  /** Written in this order. */
  readonly extensions: readonly Extension[];
}

/** Signed outer structure that certificates, CRLs and requests share. */
export interface SignedStructure {
  readonly tbs: DerNode;
  readonly algorithm: string;
  readonly algorithmRaw: Uint8Array;
  readonly signature: Uint8Array;
}

/** Reads `SEQUENCE { tbs, AlgorithmIdentifier, BIT STRING }`. Throws EncodingError. */
export function readSigned(bytes: Uint8Array): SignedStructure {
  const outer = new DerReader(readDer(bytes, DER_TAG.sequence).content);
  const tbs = outer.read(DER_TAG.sequence);
  const algorithmNode = outer.read(DER_TAG.sequence);
  const { bytes: signature, unusedBits } = derBitString(outer.read(DER_TAG.bitString));
  outer.end();
  if (unusedBits !== 0) throw new EncodingError("DER_MALFORMED", "signature has unused bits");
  const algorithm = derOid(new DerReader(algorithmNode.content).read(DER_TAG.oid));
  return { tbs, algorithm, algorithmRaw: algorithmNode.raw, signature };
}

/** Runs a reader and turns what it throws into `code`. */
export function readAs<T>(code: PkiErrorCode, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof PkiError && cause.code === code) throw cause;
    if (cause instanceof EncodingError || cause instanceof PkiError) {
      throw new PkiError(code, cause.message, { cause });
    }
    throw cause;
  }
}

/**
 * Parses a DER certificate of version 3, strictly: nothing may follow it, inner and outer signature
 * algorithm agree, no extension twice, at most 16 KiB. Throws `CERT_MALFORMED`.
 */
export function parseCertificate(bytes: Uint8Array): Certificate {
  return readAs("CERT_MALFORMED", () => {
    if (bytes.length > MAX_CERTIFICATE_BYTES) {
      throw new PkiError("CERT_MALFORMED", `certificate has ${bytes.length} bytes, 16384 allowed`);
    }
    const signed = readSigned(bytes);
    const tbs = new DerReader(signed.tbs.content);
    const version = tbs.enter(0xa0);
    if (derInteger(version.read(DER_TAG.integer)) !== 2n) {
      throw new PkiError("CERT_MALFORMED", "certificate is not of version 3");
    }
    version.end();
    const serial = tbs.read(DER_TAG.integer);
    derInteger(serial);
    const innerAlgorithm = tbs.read(DER_TAG.sequence).raw;
    if (!sameBytes(innerAlgorithm, signed.algorithmRaw)) {
      throw new PkiError("CERT_MALFORMED", "inner and outer signature algorithm differ");
    }
    const issuerRaw = tbs.read(DER_TAG.sequence).raw;
    const validity = tbs.enter();
    const notBefore = derTime(validity.read());
    const notAfter = derTime(validity.read());
    validity.end();
    const subjectRaw = tbs.read(DER_TAG.sequence).raw;
    const spki = tbs.read(DER_TAG.sequence).raw;
    tbs.readOptional(0x81);
    tbs.readOptional(0x82);
    const extensions = tbs.nextTag === 0xa3 ? readExtensions(tbs) : [];
    tbs.end();
    return {
      raw: bytes,
      tbs: signed.tbs.raw,
      serial: serial.content,
      issuerRaw,
      subjectRaw,
      issuer: parseName(issuerRaw),
      subject: parseName(subjectRaw),
      notBefore,
      notAfter,
      spki,
      extensions,
      signatureAlgorithm: signed.algorithm,
      signatureAlgorithmRaw: signed.algorithmRaw,
      signature: signed.signature,
    };
  });
}

function readExtensions(tbs: DerReader): Extension[] {
  const wrapper = tbs.enter(0xa3);
  const extensions = parseExtensions(wrapper.enter());
  wrapper.end();
  return extensions;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The extension `oid` of a certificate or CRL, if there. */
export function findExtension(
  holder: { readonly extensions: readonly Extension[] },
  oid: string,
): Extension | undefined {
  return holder.extensions.find((candidate) => candidate.oid === oid);
}

/**
 * Whether the signature of a certificate or CRL is by the key `issuerSpki`; nothing else is checked.
 * Throws `KEY_UNSUPPORTED` for an algorithm that is not known, parameters of RSASSA-PSS included, and
 * EncodingError or DOMException for a signature or a key that cannot be read.
 */
export async function isSignedBy(
  certificate: Pick<
    Certificate,
    "signatureAlgorithm" | "signatureAlgorithmRaw" | "signature" | "tbs"
  >,
  issuerSpki: Uint8Array,
): Promise<boolean> {
  const { signatureAlgorithm, signatureAlgorithmRaw, signature, tbs } = certificate;
  if (isRsaPssSha384(signatureAlgorithmRaw)) {
    return await verifyRsaPssSha384(issuerSpki, signature, tbs);
  }
  return await verifySignature(issuerSpki, signatureAlgorithm, signature, tbs);
}

/** Wraps signed content with its algorithm and signature. */
export async function signStructure(tbs: Uint8Array, signer: Signer): Promise<Uint8Array> {
  return der.sequence(tbs, signer.algorithm, der.bitString(await signer.sign(tbs)));
}

/** Issues a DER certificate (RFC 5280 section 4.1). The serial must be positive and minimal DER content. */
export async function issueCertificate(
  template: CertificateTemplate,
  signer: Signer,
): Promise<Uint8Array> {
  const extensions = template.extensions.map(encodeExtension);
  const tbs = der.sequence(
    der.context(0, der.integer(2)),
    der.integer(unsigned(template.serial)),
    signer.algorithm,
    encodeName(template.issuer),
    der.sequence(der.time(template.notBefore), der.time(template.notAfter)),
    encodeName(template.subject),
    template.spki,
    ...(extensions.length > 0 ? [der.context(3, der.sequence(...extensions))] : []),
  );
  return await signStructure(tbs, signer);
}

function unsigned(bytes: Uint8Array): bigint {
  return bytes.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

/** 16 random octets for a serial number (unsigned, below 2^128). */
export function randomSerial(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(16));
}

/** First 20 octets of SHA-256 over the public key bits (RFC 7093 section 2, method 1). */
export async function keyIdentifier(spki: Uint8Array): Promise<Uint8Array> {
  const reader = new DerReader(readDer(spki, DER_TAG.sequence).content);
  reader.read(DER_TAG.sequence);
  const { bytes } = derBitString(reader.read(DER_TAG.bitString));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).subarray(0, 20);
}
