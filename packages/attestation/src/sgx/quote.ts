import { concatBytes, equalBytes, fromHex, utf8 } from "@carrara/encoding";
import { ByteReader, writeLe } from "../byte-reader.ts";
import { AttestationError } from "../error.ts";
import { parseSgxReportBody, REPORT_BODY_BYTES, type SgxReportBody } from "./report-body.ts";

/** Bounds of section 1.5, in bytes. */
const MAX_QUOTE_BYTES = 64 * 1024;
const MAX_QE_AUTH_DATA_BYTES = 1024;
const MAX_CERT_DATA_BYTES = 32 * 1024;

const HEADER_BYTES = 48;
const ECDSA_P256 = 2;
const PCK_CHAIN_PEM = 5;
/** Certification data types that a v3 quote may carry: PPID forms, PCK leaf, PCK chain. */
const CERT_DATA_TYPES: ReadonlySet<number> = new Set([1, 2, 3, 4, PCK_CHAIN_PEM]);

/** Vendor id of Intel's quoting enclave. */
const INTEL_QE_VENDOR_ID: Uint8Array = fromHex("939a7233f79c4ca9940a0db3957f0607");

/** The first 48 bytes of a quote (section 1.1). */
export interface QuoteHeader {
  readonly version: number;
  readonly attestationKeyType: number;
  readonly teeType: number;
  readonly qeSvn: number;
  readonly pceSvn: number;
  readonly qeVendorId: Uint8Array;
  readonly userData: Uint8Array;
}

/** A parsed SGX quote of version 3. Nothing is verified; byte fields are views of the input. */
export interface SgxQuote {
  readonly header: QuoteHeader;
  readonly body: SgxReportBody;
  /** What the quote signature covers. */
  readonly signedBytes: Uint8Array;
  readonly authDataSize: number;
  /** r‖s */
  readonly signature: Uint8Array;
  /** x‖y */
  readonly attestationKey: Uint8Array;
  readonly qeReport: SgxReportBody;
  readonly qeReportSignature: Uint8Array;
  readonly qeAuthData: Uint8Array;
  readonly certDataType: number;
  readonly certData: Uint8Array;
  /** Unauthenticated bytes after the auth data; never interpreted. */
  readonly trailingBytes: number;
}

/**
 * Parses an SGX quote of version 3; does not check any signature.
 * Throws the `QUOTE_…` codes in the order of section 2.3 step 1.
 */
export function parseQuote(bytes: Uint8Array): SgxQuote {
  if (bytes.length > MAX_QUOTE_BYTES) {
    throw new AttestationError(
      "QUOTE_LENGTH_MISMATCH",
      `quote has ${bytes.length} bytes, ${MAX_QUOTE_BYTES} allowed`,
    );
  }
  const reader = new ByteReader(bytes, "QUOTE_TRUNCATED");
  const header = readHeader(reader);
  const body = parseSgxReportBody(reader.take(REPORT_BODY_BYTES));
  const signedBytes = bytes.subarray(0, HEADER_BYTES + REPORT_BODY_BYTES);
  const authDataSize = reader.u32();
  const authData = new ByteReader(reader.take(authDataSize), "QUOTE_LENGTH_MISMATCH");
  const signature = authData.take(64);
  const attestationKey = authData.take(64);
  const qeReport = parseSgxReportBody(authData.take(REPORT_BODY_BYTES));
  const qeReportSignature = authData.take(64);
  const qeAuthData = authData.take(bounded(authData.u16(), MAX_QE_AUTH_DATA_BYTES));
  const certDataType = authData.u16();
  if (!CERT_DATA_TYPES.has(certDataType)) {
    throw new AttestationError(
      "QUOTE_CERT_DATA_TYPE",
      `certification data type is ${certDataType}, 1 to 5 needed`,
    );
  }
  const certData = authData.take(bounded(authData.u32(), MAX_CERT_DATA_BYTES));
  if (authData.remaining !== 0) {
    throw new AttestationError(
      "QUOTE_LENGTH_MISMATCH",
      `${authData.remaining} bytes of auth data are not accounted for`,
    );
  }
  return {
    header,
    body,
    signedBytes,
    authDataSize,
    signature,
    attestationKey,
    qeReport,
    qeReportSignature,
    qeAuthData,
    certDataType,
    certData,
    trailingBytes: reader.remaining,
  };
}

function bounded(length: number, limit: number): number {
  if (length <= limit) return length;
  throw new AttestationError("QUOTE_LENGTH_MISMATCH", `${length} bytes declared, ${limit} allowed`);
}

function readHeader(reader: ByteReader): QuoteHeader {
  if (reader.remaining < HEADER_BYTES) {
    throw new AttestationError(
      "QUOTE_TRUNCATED",
      `quote has ${reader.remaining} bytes, at least ${HEADER_BYTES} needed`,
    );
  }
  const header: QuoteHeader = {
    version: reader.u16(),
    attestationKeyType: reader.u16(),
    teeType: reader.u32(),
    qeSvn: reader.u16(),
    pceSvn: reader.u16(),
    qeVendorId: reader.take(16),
    userData: reader.take(20),
  };
  if (header.version !== 3) {
    throw new AttestationError(
      "QUOTE_UNSUPPORTED_VERSION",
      `quote version is ${header.version}, 3 needed`,
    );
  }
  if (header.attestationKeyType !== ECDSA_P256) {
    throw new AttestationError(
      "QUOTE_UNSUPPORTED_KEY_TYPE",
      `attestation key type is ${header.attestationKeyType}, 2 needed`,
    );
  }
  if (header.teeType !== 0) {
    throw new AttestationError(
      "QUOTE_UNSUPPORTED_TEE_TYPE",
      `tee type is 0x${header.teeType.toString(16)}, 0 needed in version 3`,
    );
  }
  if (!equalBytes(header.qeVendorId, INTEL_QE_VENDOR_ID)) {
    throw new AttestationError(
      "QUOTE_UNKNOWN_QE_VENDOR",
      "quoting enclave is not of a known vendor",
    );
  }
  return header;
}

/** The PEM text of the PCK chain that the quote carries; undefined for the other types. */
export function pckChainOf(quote: SgxQuote): string | undefined {
  if (quote.certDataType !== PCK_CHAIN_PEM) return undefined;
  return new TextDecoder("latin1").decode(quote.certData);
}

/** Header and body of a quote of version 3, which is what its signature covers. */
export function encodeQuoteV3Signed(userData: Uint8Array, body: Uint8Array): Uint8Array {
  const user = new Uint8Array(20);
  user.set(userData);
  return concatBytes(
    writeLe(3, 2),
    writeLe(ECDSA_P256, 2),
    new Uint8Array(8),
    INTEL_QE_VENDOR_ID,
    user,
    body,
  );
}

/** Parts of a quote of version 3 beside what is signed. */
export interface QuoteV3Auth {
  readonly signature: Uint8Array;
  readonly attestationKey: Uint8Array;
  readonly qeReport: Uint8Array;
  readonly qeReportSignature: Uint8Array;
  readonly qeAuthData: Uint8Array;
  readonly pckChainPem: string;
}

/** A whole quote of version 3 with a PCK chain: the inverse of {@link parseQuote}. */
export function encodeQuoteV3(signed: Uint8Array, auth: QuoteV3Auth): Uint8Array {
  const chain = utf8(auth.pckChainPem);
  const authData = concatBytes(
    auth.signature,
    auth.attestationKey,
    auth.qeReport,
    auth.qeReportSignature,
    writeLe(auth.qeAuthData.length, 2),
    auth.qeAuthData,
    writeLe(PCK_CHAIN_PEM, 2),
    writeLe(chain.length, 4),
    chain,
  );
  return concatBytes(signed, writeLe(authData.length, 4), authData);
}
