import type { TeeKind } from "@carrara/attestation";
import type { EvidenceOrigin } from "./evidence-files.ts";

/** Bytes of report data in every kind of evidence. */
export const REPORT_DATA_BYTES = 64;

/** Evidence as a file gave it: it holds the report data asked for, and nothing else is verified. */
export interface FileEvidence {
  readonly tee: TeeKind;
  /** A quote, or an SNP report of 1184 bytes. */
  readonly evidence: Uint8Array;
  /** SNP only: the host's certificate table (attestation specification section 7.2), if it has one. */
  readonly auxBlob: Uint8Array | undefined;
  /** Set by what made the file system, not by the data. */
  readonly source: EvidenceOrigin;
}

/**
 * Report data of exactly 64 bytes, zeros at the end, in memory that no caller can change.
 * Throws TypeError for more.
 */
export function padReportData(reportData: Uint8Array): Uint8Array {
  if (reportData.length > REPORT_DATA_BYTES) {
    throw new TypeError(`report data has ${reportData.length} bytes, ${REPORT_DATA_BYTES} allowed`);
  }
  const padded = new Uint8Array(REPORT_DATA_BYTES);
  padded.set(reportData);
  return padded;
}
