import {
  AttestationError,
  type Evidence,
  type RaTlsCertificate,
  readRaTlsEvidence,
  recogniseEvidence,
} from "@carrara/attestation";
import { EncodingError, equalBytes, fromBase64, fromHex, parsePem, utf8 } from "@carrara/encoding";
import { CliError } from "../cli-error.ts";

/** What a file holds. */
export type FileContent =
  | { readonly kind: "evidence"; readonly evidence: Evidence; readonly openEnclave: boolean }
  | {
      readonly kind: "ra-tls";
      readonly der: Uint8Array;
      readonly found: RaTlsCertificate;
      /** Certificates behind it, whose part in the chain is for its peer to say. */
      readonly others: readonly Uint8Array[];
    }
  | { readonly kind: "certificates"; readonly certificates: readonly Uint8Array[] }
  | { readonly kind: "hcl"; readonly bytes: Uint8Array };

/** How a file has it; `hex of pem` is possible. */
export type RecognisedFile = FileContent & { readonly encoding: string };

const DER_SEQUENCE = 0x30;
const HCL_SIGNATURE = utf8("HCLA");
const OE_VERSION = new Uint8Array([1, 0, 0, 0]);
/** Text in text in text is nobody's evidence. */
const MAX_TEXT_DEPTH = 2;
/** Most certificates of a file; chains have 3, bundles of CAs are something else. */
const MAX_CERTIFICATES = 16;

/**
 * Tells what `bytes` are: evidence, a certificate with evidence in it, other certificates or an
 * Azure HCL report, as they are or as hex, base64, base64url or PEM text. Throws
 * `EVIDENCE_UNRECOGNISED`, and AttestationError for what has the marks of evidence and is none.
 */
export function recogniseFile(bytes: Uint8Array, depth = 0): RecognisedFile {
  const text = asciiOf(bytes);
  if (text === undefined) return { ...recogniseBinary(bytes), encoding: "binary" };
  if (depth > MAX_TEXT_DEPTH) throw unrecognised("text in text in text");
  if (text.includes("-----BEGIN ")) return { ...recognisePem(text), encoding: "pem" };
  const { encoding, inner } = decodeText(text);
  const found = recogniseFile(inner, depth + 1);
  return {
    ...found,
    encoding: found.encoding === "binary" ? encoding : `${encoding} of ${found.encoding}`,
  };
}

/** The text when every byte is printable ASCII or white space; no evidence in bytes is. */
function asciiOf(bytes: Uint8Array): string | undefined {
  const isText = bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13));
  return isText && bytes.length > 0 ? new TextDecoder().decode(bytes) : undefined;
}

function decodeText(text: string): { readonly encoding: string; readonly inner: Uint8Array } {
  const packed = text.replace(/\s+/g, "");
  const digits = packed.replace(/^0x/i, "");
  try {
    if (/^(?:[0-9a-fA-F]{2})+$/.test(digits)) return { encoding: "hex", inner: fromHex(digits) };
    const standard = packed.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
    const padded = standard.padEnd(Math.ceil(standard.length / 4) * 4, "=");
    return { encoding: "base64", inner: fromBase64(padded) };
  } catch (cause) {
    if (!(cause instanceof EncodingError)) throw cause;
    throw unrecognised("text that is neither hex, base64 nor PEM", cause);
  }
}

function recognisePem(text: string): FileContent {
  try {
    const certificates = parsePem(text).filter(({ label }) => label.endsWith("CERTIFICATE"));
    return recogniseCertificates(certificates.map(({ bytes }) => bytes));
  } catch (cause) {
    if (!(cause instanceof EncodingError)) throw cause;
    throw unrecognised(`PEM that cannot be read (${cause.message})`, cause);
  }
}

function recogniseCertificates(certificates: readonly Uint8Array[]): FileContent {
  const [der, ...others] = certificates;
  if (der === undefined) throw unrecognised("PEM without a certificate");
  if (certificates.length > MAX_CERTIFICATES) {
    throw unrecognised(`${certificates.length} certificates, ${MAX_CERTIFICATES} allowed`);
  }
  try {
    return { kind: "ra-tls", der, found: readRaTlsEvidence(der), others };
  } catch (error) {
    const isPlain = error instanceof AttestationError && error.code === "RATLS_NO_EVIDENCE";
    if (isPlain) return { kind: "certificates", certificates };
    throw error;
  }
}

function recogniseBinary(bytes: Uint8Array): FileContent {
  if (bytes.length === 0) throw unrecognised("nothing at all");
  if (bytes[0] === DER_SEQUENCE) return recogniseCertificates([bytes]);
  if (equalBytes(bytes.subarray(0, HCL_SIGNATURE.length), HCL_SIGNATURE)) {
    return { kind: "hcl", bytes };
  }
  const openEnclave = equalBytes(bytes.subarray(0, OE_VERSION.length), OE_VERSION);
  return { kind: "evidence", evidence: recogniseEvidence(bytes), openEnclave };
}

function unrecognised(what: string, cause?: unknown): CliError {
  return new CliError("EVIDENCE_UNRECOGNISED", `the file holds ${what}`, { cause });
}
