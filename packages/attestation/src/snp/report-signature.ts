import { type ImportedKey, verifyP384 } from "../crypto.ts";
import { AttestationError } from "../error.ts";
import type { SnpReport } from "./report.ts";
import { SNP_SIGNED_BYTES } from "./report-layout.ts";

/** Step 9 of section 2.6. Throws `REPORT_SIGNATURE_INVALID`. */
export async function verifyReportSignature(report: SnpReport, key: ImportedKey): Promise<void> {
  const { raw, signature } = report;
  if (await verifyP384(key, signature, raw.subarray(0, SNP_SIGNED_BYTES))) return;
  throw new AttestationError("REPORT_SIGNATURE_INVALID", "report signature does not verify");
}
