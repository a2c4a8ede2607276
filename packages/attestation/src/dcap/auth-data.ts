import { ByteReader } from "../byte-reader.ts";
import { AttestationError } from "../error.ts";
import { parseSgxReportBody, REPORT_BODY_BYTES, type SgxReportBody } from "./report-body.ts";

/** Bounds of section 1.5, in bytes. */
const MAX_QE_AUTH_DATA_BYTES = 1024;
const MAX_CERT_DATA_BYTES = 32 * 1024;

/** Certification data type of a PCK chain in PEM. */
export const PCK_CHAIN_PEM = 5;
/** Certification data type of the structure that versions 4 and 5 wrap around the rest. */
export const QE_REPORT_CERT_DATA = 6;
/** Types that name a PCK: PPID forms, PCK leaf, PCK chain. */
const CERT_DATA_TYPES: ReadonlySet<number> = new Set([1, 2, 3, 4, PCK_CHAIN_PEM]);

/** What a quote carries to prove itself (section 1.5). Byte fields are views. */
export interface AuthData {
  /** r‖s */
  readonly signature: Uint8Array;
  /** x‖y */
  readonly attestationKey: Uint8Array;
  readonly qeReport: SgxReportBody;
  readonly qeReportSignature: Uint8Array;
  readonly qeAuthData: Uint8Array;
  /** 6 in versions 4 and 5, undefined in version 3. */
  readonly outerCertDataType: number | undefined;
  readonly certDataType: number;
  readonly certData: Uint8Array;
}

/** Reads auth data, which must be consumed whole. Throws `QUOTE_LENGTH_MISMATCH`, `QUOTE_CERT_DATA_TYPE`. */
export function parseAuthData(bytes: Uint8Array, version: number): AuthData {
  const reader = new ByteReader(bytes, "QUOTE_LENGTH_MISMATCH");
  const signature = reader.take(64);
  const attestationKey = reader.take(64);
  const wrapped = version >= 4;
  const outerCertDataType = wrapped ? reader.u16() : undefined;
  if (wrapped && outerCertDataType !== QE_REPORT_CERT_DATA) {
    throw certDataTypeError(outerCertDataType, "6");
  }
  const inner = wrapped
    ? new ByteReader(reader.take(reader.u32()), "QUOTE_LENGTH_MISMATCH")
    : reader;
  const certification = readCertification(inner);
  checkConsumed(inner);
  checkConsumed(reader);
  return { signature, attestationKey, outerCertDataType, ...certification };
}

function readCertification(
  reader: ByteReader,
): Omit<AuthData, "signature" | "attestationKey" | "outerCertDataType"> {
  const qeReport = parseSgxReportBody(reader.take(REPORT_BODY_BYTES));
  const qeReportSignature = reader.take(64);
  const qeAuthData = reader.take(bounded(reader.u16(), MAX_QE_AUTH_DATA_BYTES));
  const certDataType = reader.u16();
  if (!CERT_DATA_TYPES.has(certDataType)) throw certDataTypeError(certDataType, "1 to 5");
  const certData = reader.take(bounded(reader.u32(), MAX_CERT_DATA_BYTES));
  return { qeReport, qeReportSignature, qeAuthData, certDataType, certData };
}

function certDataTypeError(had: number | undefined, needed: string): AttestationError {
  const message = `certification data type is ${had ?? "missing"}, ${needed} needed`;
  return new AttestationError("QUOTE_CERT_DATA_TYPE", message);
}

function bounded(length: number, limit: number): number {
  if (length <= limit) return length;
  throw new AttestationError("QUOTE_LENGTH_MISMATCH", `${length} bytes declared, ${limit} allowed`);
}

function checkConsumed({ remaining }: ByteReader): void {
  if (remaining === 0) return;
  throw new AttestationError(
    "QUOTE_LENGTH_MISMATCH",
    `${remaining} bytes of auth data are not accounted for`,
  );
}
