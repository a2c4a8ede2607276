import { equalBytes, utf8 } from "@carrara/encoding";
import { ByteReader } from "../byte-reader.ts";
import { AttestationError } from "../error.ts";
import { parseVariableData, type VariableData } from "./variable-data.ts";

const SIGNATURE: Uint8Array = utf8("HCLA");
const HARDWARE_REPORT_BYTES = 1184;
/** Largest variable data that is read, in bytes; real ones are below 2 KiB. */
const MAX_VARIABLE_DATA_BYTES = 64 * 1024;
const REPORT_TYPES: ReadonlyMap<number, HclReport["reportType"]> = new Map([
  [2, "SNP"],
  [4, "TDX"],
]);
const HASH_TYPES: ReadonlyMap<number, HclReport["hashType"]> = new Map([
  [1, "sha256"],
  [2, "sha384"],
  [3, "sha512"],
]);

/**
 * Azure's report about a confidential VM (section 2.7). Only the hardware report and, through its
 * hash, the variable data are authenticated; the header is not. Byte fields are views.
 */
export interface HclReport {
  readonly signature: "HCLA";
  readonly version: number;
  readonly reportSize: number;
  readonly requestType: number;
  readonly status: number;
  /** 1184 bytes: an SEV-SNP report, or a TDREPORT of 1024 bytes and padding. */
  readonly hardwareReport: Uint8Array;
  readonly runtimeDataSize: number;
  readonly runtimeDataVersion: number;
  readonly reportType: "SNP" | "TDX";
  readonly hashType: "sha256" | "sha384" | "sha512";
  /** JSON as it stands; the hardware's report data has the hash of it. */
  readonly variableData: Uint8Array;
  readonly variables: VariableData;
}

/**
 * Parses an HCL report; bytes after it are ignored, since it comes from a TPM index of fixed size.
 * Throws `HCL_MALFORMED`.
 */
export function parseHclReport(bytes: Uint8Array): HclReport {
  const reader = new ByteReader(bytes, "HCL_MALFORMED");
  if (!equalBytes(reader.take(SIGNATURE.length), SIGNATURE))
    throw malformed("signature is not HCLA");
  const version = reader.u32();
  const reportSize = reader.u32();
  const requestType = reader.u32();
  const status = reader.u32();
  reader.take(12);
  const hardwareReport = reader.take(HARDWARE_REPORT_BYTES);
  const runtimeDataSize = reader.u32();
  const runtimeDataVersion = reader.u32();
  const reportType = named(REPORT_TYPES, reader.u32(), "report type");
  const hashType = named(HASH_TYPES, reader.u32(), "hash type");
  const variableDataSize = reader.u32();
  if (variableDataSize > MAX_VARIABLE_DATA_BYTES) {
    throw malformed(
      `variable data has ${variableDataSize} bytes, ${MAX_VARIABLE_DATA_BYTES} allowed`,
    );
  }
  const variableData = reader.take(variableDataSize);
  return {
    signature: "HCLA",
    version,
    reportSize,
    requestType,
    status,
    hardwareReport,
    runtimeDataSize,
    runtimeDataVersion,
    reportType,
    hashType,
    variableData,
    variables: parseVariableData(variableData),
  };
}

function named<T>(names: ReadonlyMap<number, T>, value: number, what: string): T {
  const name = names.get(value);
  if (name === undefined) throw malformed(`${what} ${value} is not known`);
  return name;
}

function malformed(message: string): AttestationError {
  return new AttestationError("HCL_MALFORMED", `hcl report: ${message}`);
}
