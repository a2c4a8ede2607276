import { concatBytes, utf8 } from "@carrara/encoding";
import { ByteReader, writeLe } from "../byte-reader.ts";
import { AttestationError } from "../error.ts";
import { type AuthData, PCK_CHAIN_PEM, parseAuthData } from "./auth-data.ts";
import { encodeQuoteHeader, type QuoteHeader, readQuoteHeader } from "./quote-header.ts";
import { parseSgxReportBody, REPORT_BODY_BYTES, type SgxReportBody } from "./report-body.ts";

/** Largest quote that is read, in bytes (section 1.5); real ones are below 8 KiB. */
const MAX_QUOTE_BYTES = 64 * 1024;
const TEE_TYPE_SGX = 0;
/** Body type of an SGX report in version 5, the only version that names it. */
const BODY_TYPE_SGX = 1;

/** A parsed SGX quote. Nothing is verified; byte fields are views of the input. */
export interface SgxQuote extends AuthData {
  readonly header: QuoteHeader;
  /** Version 5 only. */
  readonly bodyType: number | undefined;
  readonly body: SgxReportBody;
  /** What the quote signature covers. */
  readonly signedBytes: Uint8Array;
  readonly authDataSize: number;
  /** Count of unauthenticated bytes after the auth data; never interpreted. */
  readonly trailingBytes: number;
}

/** How a quote is parsed. */
export interface ParseQuoteOptions {
  /** Refuses bytes after the auth data; default false, since they occur in the field. */
  readonly strictLength?: boolean;
}

/**
 * Parses an SGX quote of version 3, 4 or 5; does not check any signature.
 * Throws the `QUOTE_…` codes in the order of section 2.3 step 1.
 */
export function parseQuote(bytes: Uint8Array, options: ParseQuoteOptions = {}): SgxQuote {
  if (bytes.length > MAX_QUOTE_BYTES) {
    const message = `quote has ${bytes.length} bytes, ${MAX_QUOTE_BYTES} allowed`;
    throw new AttestationError("QUOTE_LENGTH_MISMATCH", message);
  }
  const reader = new ByteReader(bytes, "QUOTE_TRUNCATED");
  const header = readQuoteHeader(reader, TEE_TYPE_SGX);
  const bodyType = header.version === 5 ? readBodyType(reader) : undefined;
  const body = parseSgxReportBody(reader.take(REPORT_BODY_BYTES));
  const signedBytes = bytes.subarray(0, reader.offset);
  const authDataSize = reader.u32();
  const authData = parseAuthData(reader.take(authDataSize), header.version);
  const trailingBytes = reader.remaining;
  if (options.strictLength === true && trailingBytes > 0) {
    throw new AttestationError("QUOTE_TRAILING_DATA", `${trailingBytes} bytes after the quote`);
  }
  return { header, bodyType, body, signedBytes, authDataSize, ...authData, trailingBytes };
}

function readBodyType(reader: ByteReader): number {
  const bodyType = reader.u16();
  const size = reader.u32();
  if (bodyType === BODY_TYPE_SGX && size === REPORT_BODY_BYTES) return bodyType;
  throw new AttestationError(
    "QUOTE_BODY_TYPE",
    `body has type ${bodyType} and ${size} bytes, 1 and ${REPORT_BODY_BYTES} needed`,
  );
}

/** The PEM text of the PCK chain that the quote carries; undefined for the other types. */
export function pckChainOf(quote: SgxQuote): string | undefined {
  if (quote.certDataType !== PCK_CHAIN_PEM) return undefined;
  return new TextDecoder("latin1").decode(quote.certData);
}

/** Header and body of a quote of version 3, which is what its signature covers. */
export function encodeQuoteV3Signed(userData: Uint8Array, body: Uint8Array): Uint8Array {
  return concatBytes(encodeQuoteHeader(3, TEE_TYPE_SGX, userData), body);
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
