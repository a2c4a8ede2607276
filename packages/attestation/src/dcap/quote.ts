import { concatBytes, utf8 } from "@carrara/encoding";
import { ByteReader, writeLe } from "../byte-reader.ts";
import { AttestationError } from "../error.ts";
import { type AuthData, PCK_CHAIN_PEM, parseAuthData, QE_REPORT_CERT_DATA } from "./auth-data.ts";
import {
  encodeQuoteHeader,
  type QuoteHeader,
  readQuoteHeader,
  TEE_TYPE_SGX,
  TEE_TYPE_TDX,
} from "./quote-header.ts";
import { parseSgxReportBody, REPORT_BODY_BYTES, type SgxReportBody } from "./report-body.ts";
import { parseTdReport, type TdReport, type TdReportVersion, tdReportBytes } from "./td-report.ts";

/** Largest quote that is read, in bytes (section 1.5); real ones are below 8 KiB. */
const MAX_QUOTE_BYTES = 64 * 1024;
/** Body types of version 5, the only version that names them. */
const BODY_TYPE_SGX = 1;
const TD_BODY_TYPES: ReadonlyMap<number, TdReportVersion> = new Map([
  [2, "1.0"],
  [3, "1.5"],
  [4, "1.5-extended"],
]);

/** What quotes of every kind have. Nothing is verified; byte fields are views of the input. */
interface QuoteFrame extends AuthData {
  readonly header: QuoteHeader;
  /** Version 5 only. */
  readonly bodyType: number | undefined;
  /** What the quote signature covers. */
  readonly signedBytes: Uint8Array;
  readonly authDataSize: number;
  /** Count of unauthenticated bytes after the auth data; never interpreted. */
  readonly trailingBytes: number;
}

/** A parsed SGX quote of version 3, 4 or 5. */
export interface SgxQuote extends QuoteFrame {
  readonly tee: "sgx";
  readonly body: SgxReportBody;
}

/** A parsed TDX quote of version 4 or 5. */
export interface TdxQuote extends QuoteFrame {
  readonly tee: "tdx";
  readonly body: TdReport;
}

/** A parsed quote; `tee` says of what. */
export type Quote = SgxQuote | TdxQuote;

type QuoteBody = Pick<SgxQuote, "tee" | "body"> | Pick<TdxQuote, "tee" | "body">;

/** How a quote is parsed. */
export interface ParseQuoteOptions {
  /** Refuses bytes after the auth data; default false, since they occur in the field. */
  readonly strictLength?: boolean;
}

/**
 * Parses a quote of version 3, 4 or 5; does not check any signature.
 * Throws the `QUOTE_…` codes in the order of section 2.3 step 1.
 */
export function parseQuote(bytes: Uint8Array, options: ParseQuoteOptions = {}): Quote {
  if (bytes.length > MAX_QUOTE_BYTES) {
    const message = `quote has ${bytes.length} bytes, ${MAX_QUOTE_BYTES} allowed`;
    throw new AttestationError("QUOTE_LENGTH_MISMATCH", message);
  }
  const reader = new ByteReader(bytes, "QUOTE_TRUNCATED");
  const header = readQuoteHeader(reader);
  const bodyType = header.version === 5 ? reader.u16() : undefined;
  const body = readBody(reader, header.teeType, bodyType);
  const signedBytes = bytes.subarray(0, reader.offset);
  const authDataSize = reader.u32();
  const authData = parseAuthData(reader.take(authDataSize), header.version);
  const trailingBytes = reader.remaining;
  if (options.strictLength === true && trailingBytes > 0) {
    throw new AttestationError("QUOTE_TRAILING_DATA", `${trailingBytes} bytes after the quote`);
  }
  return { header, bodyType, ...body, signedBytes, authDataSize, ...authData, trailingBytes };
}

/** Versions 3 and 4 have one body a TEE type; version 5 names its type and size. */
function readBody(reader: ByteReader, teeType: number, bodyType: number | undefined): QuoteBody {
  if (teeType === TEE_TYPE_SGX) {
    checkBody(reader, bodyType, bodyType === BODY_TYPE_SGX, REPORT_BODY_BYTES);
    return { tee: "sgx", body: parseSgxReportBody(reader.take(REPORT_BODY_BYTES)) };
  }
  const version = TD_BODY_TYPES.get(bodyType ?? 2) ?? "1.0";
  const bytes = tdReportBytes(version);
  checkBody(reader, bodyType, TD_BODY_TYPES.has(bodyType ?? 2), bytes);
  return { tee: "tdx", body: parseTdReport(reader.take(bytes), version) };
}

function checkBody(
  reader: ByteReader,
  bodyType: number | undefined,
  fits: boolean,
  bytes: number,
): void {
  if (bodyType === undefined) return;
  const size = reader.u32();
  if (fits && size === bytes) return;
  const message = `body of type ${bodyType} with ${size} bytes does not belong to this tee`;
  throw new AttestationError("QUOTE_BODY_TYPE", message);
}

/** The PEM text of the PCK chain that the quote carries; undefined for the other types. */
export function pckChainOf(quote: Pick<AuthData, "certDataType" | "certData">): string | undefined {
  if (quote.certDataType !== PCK_CHAIN_PEM) return undefined;
  return new TextDecoder("latin1").decode(quote.certData);
}

/** Which quote an issuer makes. */
export type QuoteForm =
  | { readonly version: 3; readonly tee: "sgx" }
  | { readonly version: 4; readonly tee: "sgx" | "tdx" }
  | { readonly version: 5; readonly tee: "sgx" }
  | { readonly version: 5; readonly tee: "tdx"; readonly report: TdReportVersion };

/** Header and body of a quote, which is what its signature covers (section 1.2). */
export function encodeQuoteSigned(
  form: QuoteForm,
  userData: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  const header = encodeQuoteHeader(
    form.version,
    form.tee === "sgx" ? TEE_TYPE_SGX : TEE_TYPE_TDX,
    userData,
  );
  if (form.version !== 5) return concatBytes(header, body);
  return concatBytes(header, writeLe(bodyTypeOf(form), 2), writeLe(body.length, 4), body);
}

function bodyTypeOf(form: Extract<QuoteForm, { version: 5 }>): number {
  if (form.tee === "sgx") return BODY_TYPE_SGX;
  for (const [type, version] of TD_BODY_TYPES) if (version === form.report) return type;
  throw new TypeError(`td report ${form.report} is not known`);
}

/** Parts of a quote beside what is signed, with a PCK chain as certification data. */
export interface QuoteAuth {
  readonly signature: Uint8Array;
  readonly attestationKey: Uint8Array;
  readonly qeReport: Uint8Array;
  readonly qeReportSignature: Uint8Array;
  readonly qeAuthData: Uint8Array;
  readonly pckChainPem: string;
}

/** A whole quote over `signed`, whose header says the version: the inverse of {@link parseQuote}. */
export function encodeQuote(signed: Uint8Array, auth: QuoteAuth): Uint8Array {
  const chain = utf8(auth.pckChainPem);
  const certification = concatBytes(
    auth.qeReport,
    auth.qeReportSignature,
    writeLe(auth.qeAuthData.length, 2),
    auth.qeAuthData,
    writeLe(PCK_CHAIN_PEM, 2),
    writeLe(chain.length, 4),
    chain,
  );
  const wrapper =
    signed[0] === 3 ? [] : [writeLe(QE_REPORT_CERT_DATA, 2), writeLe(certification.length, 4)];
  const authData = concatBytes(auth.signature, auth.attestationKey, ...wrapper, certification);
  return concatBytes(signed, writeLe(authData.length, 4), authData);
}
