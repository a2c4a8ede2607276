import { ByteReader, writeLe } from "../byte-reader.ts";

/** Size of a report body in bytes; the report of the quoting enclave has the same layout. */
export const REPORT_BODY_BYTES = 384;

/** An SGX report body (specification section 1.3). Byte fields are views of `raw`. */
export interface SgxReportBody {
  /** The 384 bytes that are signed. */
  readonly raw: Uint8Array;
  readonly cpuSvn: Uint8Array;
  readonly miscSelect: Uint8Array;
  readonly isvExtProdId: Uint8Array;
  /** 8 bytes flags, 8 bytes XFRM. */
  readonly attributes: Uint8Array;
  readonly mrEnclave: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly configId: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly configSvn: number;
  readonly isvFamilyId: Uint8Array;
  readonly reportData: Uint8Array;
  /** The DEBUG attribute: the host can read the enclave's memory. */
  readonly debug: boolean;
}

/** Fields that an issuer of report bodies chooses; what is left out is zero. */
export type SgxReportBodyFields = Partial<Omit<SgxReportBody, "raw" | "debug">>;

const FLAG_DEBUG = 0x02;

/** Parses a report body of exactly 384 bytes. Throws `QUOTE_TRUNCATED`. */
export function parseSgxReportBody(raw: Uint8Array): SgxReportBody {
  const reader = new ByteReader(raw, "QUOTE_TRUNCATED");
  const cpuSvn = reader.take(16);
  const miscSelect = reader.take(4);
  reader.take(12);
  const isvExtProdId = reader.take(16);
  const attributes = reader.take(16);
  const mrEnclave = reader.take(32);
  reader.take(32);
  const mrSigner = reader.take(32);
  reader.take(32);
  const configId = reader.take(64);
  const isvProdId = reader.u16();
  const isvSvn = reader.u16();
  const configSvn = reader.u16();
  reader.take(42);
  const isvFamilyId = reader.take(16);
  const reportData = reader.take(64);
  return {
    raw,
    cpuSvn,
    miscSelect,
    isvExtProdId,
    attributes,
    mrEnclave,
    mrSigner,
    configId,
    isvProdId,
    isvSvn,
    configSvn,
    isvFamilyId,
    reportData,
    debug: ((attributes[0] ?? 0) & FLAG_DEBUG) !== 0,
  };
}

/**
 * The 384 bytes of a report body: the inverse of {@link parseSgxReportBody}. Report data shorter
 * than 64 bytes is zero-padded. Throws a TypeError for a field of another length.
 */
export function encodeSgxReportBody(fields: SgxReportBodyFields): Uint8Array {
  const out = new Uint8Array(REPORT_BODY_BYTES);
  const put = (name: keyof SgxReportBodyFields, offset: number, length: number): void => {
    const value = fields[name] ?? 0;
    if (typeof value === "number" && (value < 0 || value >= 256 ** length)) {
      throw new TypeError(`${name} is ${value}, which does not fit ${length} bytes`);
    }
    const bytes = typeof value === "number" ? writeLe(value, length) : value;
    const fits = bytes.length === length || (name === "reportData" && bytes.length < length);
    if (!fits) throw new TypeError(`${name} has ${bytes.length} bytes, ${length} needed`);
    out.set(bytes, offset);
  };
  put("cpuSvn", 0, 16);
  put("miscSelect", 16, 4);
  put("isvExtProdId", 32, 16);
  put("attributes", 48, 16);
  put("mrEnclave", 64, 32);
  put("mrSigner", 128, 32);
  put("configId", 192, 64);
  put("isvProdId", 256, 2);
  put("isvSvn", 258, 2);
  put("configSvn", 260, 2);
  put("isvFamilyId", 304, 16);
  put("reportData", 320, 64);
  return out;
}
