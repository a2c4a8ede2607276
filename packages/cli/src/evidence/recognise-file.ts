import {
  AttestationError,
  type Evidence,
  type RaTlsCertificate,
  readRaTlsEvidence,
  recogniseEvidence,
} from "@carrara/attestation";
import { EncodingError, fromBase64, fromHex, parsePem } from "@carrara/encoding";
import { PkiError, parseCrl } from "@carrara/pki";
import { CliError } from "../cli-error.ts";
import { isSigstruct, markOf } from "./evidence-marks.ts";

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

/** Words are base64 too: what they decode to is worth no more of a word. */
const NO_EVIDENCE_TEXT = "text that is neither hex, base64 nor PEM of evidence";

/** How a file has it; `hex of pem` is possible. */
export type RecognisedFile = FileContent & { readonly encoding: string };

/** Text in text in text is nobody's evidence. */
const MAX_TEXT_DEPTH = 2;
/** Most certificates of a file; chains have 3, bundles of CAs are something else. */
const MAX_CERTIFICATES = 16;
/** What editors put before text in UTF-8. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** A member that only collateral has; what a document is, its own command says. */
const COLLATERAL = /"(?:carrara-collateral\/1|tcbInfo|enclaveIdentity|qeIdentity)"/;

/**
 * Tells what `bytes` are: evidence, a certificate with evidence in it, other certificates or an
 * Azure HCL report, as they are or as hex, base64, base64url or PEM text of any label. Throws
 * `EVIDENCE_UNRECOGNISED` for what has not the marks of any, `EVIDENCE_UNREADABLE` for a certificate
 * that is none, and AttestationError for what has the marks of evidence and is none.
 */
export function recogniseFile(bytes: Uint8Array, depth = 0): RecognisedFile {
  const text = textOf(bytes);
  if (text === undefined)
    return { ...recogniseBinary(bytes, "bytes without the marks of evidence"), encoding: "binary" };
  if (depth > MAX_TEXT_DEPTH) throw unrecognised("text in text in text");
  // Collateral has PEM in its JSON.
  if (text.trimStart().startsWith("{")) throw notInJson(text);
  if (text.includes("-----BEGIN ")) return { ...recognisePem(text), encoding: "pem" };
  const { encoding, inner } = decodeText(text);
  const isText = textOf(inner) !== undefined;
  const found = isText
    ? recogniseFile(inner, depth + 1)
    : { ...recogniseBinary(inner, NO_EVIDENCE_TEXT), encoding: "binary" };
  return {
    ...found,
    encoding: found.encoding === "binary" ? encoding : `${encoding} of ${found.encoding}`,
  };
}

/** The text when every byte is printable ASCII or white space; no evidence in bytes is. */
function textOf(file: Uint8Array): string | undefined {
  const isMarked = BYTE_ORDER_MARK.every((byte, i) => file[i] === byte);
  const bytes = isMarked ? file.subarray(BYTE_ORDER_MARK.length) : file;
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
    throw unrecognised(NO_EVIDENCE_TEXT, cause);
  }
}

function notInJson(text: string): CliError {
  if (COLLATERAL.test(text)) return unrecognised("collateral; give it with --collateral");
  return unrecognised("a JSON document, which no evidence is");
}

/** Certificates, or what lies in the first block: evidence has no label of its own. */
function recognisePem(text: string): FileContent {
  try {
    const blocks = parsePem(text);
    const certificates = blocks.filter(({ label }) => label.endsWith("CERTIFICATE"));
    const [first] = certificates.length > 0 ? certificates : blocks;
    if (first === undefined) throw unrecognised("PEM without a block");
    if (markOf(first.bytes) !== "der") {
      return recogniseBinary(first.bytes, `${first.label} in PEM without the marks of evidence`);
    }
    const shown = certificates.length > 0 ? certificates : [first];
    return recogniseCertificates(shown.map(({ bytes }) => bytes));
  } catch (cause) {
    if (!(cause instanceof EncodingError)) throw cause;
    throw unrecognised(`PEM that cannot be read (${cause.message})`, cause);
  }
}

function recogniseCertificates(certificates: readonly Uint8Array[]): FileContent {
  const [der = new Uint8Array(), ...others] = certificates;
  if (certificates.length > MAX_CERTIFICATES) {
    throw unrecognised(`${certificates.length} certificates, ${MAX_CERTIFICATES} allowed`);
  }
  try {
    return { kind: "ra-tls", der, found: readRaTlsEvidence(der), others };
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    if (error.code === "RATLS_NO_EVIDENCE") return { kind: "certificates", certificates };
    if (error.code !== "CERT_MALFORMED") throw error;
    if (isCrl(der)) throw unrecognised("a revocation list; give it with --collateral", error);
    throw new CliError("EVIDENCE_UNREADABLE", `${error.code}: ${error.message}`, { cause: error });
  }
}

function isCrl(der: Uint8Array): boolean {
  try {
    parseCrl(der);
    return true;
  } catch (error) {
    if (error instanceof PkiError || error instanceof EncodingError) return false;
    throw error;
  }
}

/** What bytes hold, of which there is nothing to say but `otherwise` if they have no marks. */
function recogniseBinary(bytes: Uint8Array, otherwise: string): FileContent {
  if (bytes.length === 0) throw unrecognised("nothing at all");
  if (isSigstruct(bytes)) {
    throw unrecognised("a SIGSTRUCT, an enclave's signature; see carrara package-info");
  }
  const mark = markOf(bytes);
  switch (mark) {
    case "der":
      return recogniseCertificates([bytes]);
    case "hcl":
      return { kind: "hcl", bytes };
    case "quote":
    case "open-enclave":
    case "snp-report": {
      const openEnclave = mark === "open-enclave";
      return { kind: "evidence", evidence: recogniseEvidence(bytes), openEnclave };
    }
    case undefined:
      throw unrecognised(otherwise);
  }
}

function unrecognised(what: string, cause?: unknown): CliError {
  return new CliError("EVIDENCE_UNRECOGNISED", `the file holds ${what}`, { cause });
}
