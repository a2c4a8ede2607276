import { equalBytes } from "@carrara/encoding";
import { TEE_TYPE_TDX } from "./dcap/quote-header.ts";
import { AttestationError } from "./error.ts";
import { decodeOeQuote, encodeOeQuote } from "./oe-quote.ts";
import { SNP_REPORT_BYTES } from "./snp/report-layout.ts";

/** A kind of trusted execution environment that this library knows. */
export type TeeKind = "sgx" | "tdx" | "snp";

/** Evidence as a TEE made it; nothing is verified. */
export type Evidence =
  | { readonly tee: "sgx" | "tdx"; readonly quote: Uint8Array }
  | {
      readonly tee: "snp";
      readonly report: Uint8Array;
      /** The certificates that came along; empty where there are none. */
      readonly certTable: Uint8Array;
    };

/** First bytes of a quote in Open Enclave form: header version 1. */
const OE_VERSION = new Uint8Array([1, 0, 0, 0]);
/** Key type of all quotes, where a report has the upper half of a small version number. */
const QUOTE_KEY_TYPE = new Uint8Array([2, 0]);
const REPORT_KEY_TYPE = new Uint8Array([0, 0]);
/** Version, key type and TEE type. */
const LEAST_BYTES = 8;

/**
 * Tells evidence by its first bytes: a quote, with or without Open Enclave header, or an SNP report
 * with or without certificates behind it. Throws `QUOTE_TRUNCATED`, `QUOTE_UNSUPPORTED_KEY_TYPE`.
 */
export function recogniseEvidence(bytes: Uint8Array): Evidence {
  if (bytes.length < LEAST_BYTES) throw unrecognised("QUOTE_TRUNCATED");
  if (equalBytes(bytes.subarray(0, 4), OE_VERSION)) return ofQuote(decodeOeQuote(bytes));
  const keyType = bytes.subarray(2, 4);
  if (equalBytes(keyType, REPORT_KEY_TYPE)) {
    const report = bytes.subarray(0, SNP_REPORT_BYTES);
    return { tee: "snp", report, certTable: bytes.subarray(SNP_REPORT_BYTES) };
  }
  if (equalBytes(keyType, QUOTE_KEY_TYPE)) return ofQuote(bytes);
  throw unrecognised("QUOTE_UNSUPPORTED_KEY_TYPE");
}

function unrecognised(code: "QUOTE_TRUNCATED" | "QUOTE_UNSUPPORTED_KEY_TYPE"): AttestationError {
  return new AttestationError(code, "the bytes are neither a quote nor a report");
}

/** The parser has the last word on the TEE type; an unknown one is its to refuse. */
function ofQuote(quote: Uint8Array): Evidence {
  return { tee: quote[4] === TEE_TYPE_TDX ? "tdx" : "sgx", quote };
}

/** Raw evidence as meshes send it: SGX quotes in Open Enclave form, which MarbleRun's clients expect. */
export function encodeEvidence(raw: Uint8Array): Uint8Array {
  return recogniseEvidence(raw).tee === "sgx" ? encodeOeQuote(raw) : raw;
}
