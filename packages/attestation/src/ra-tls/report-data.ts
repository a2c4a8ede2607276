import { parseQuote } from "../dcap/quote.ts";
import { AttestationError } from "../error.ts";
import { parseSnpReport } from "../snp/report.ts";
import type { RaTlsEvidence } from "./evidence.ts";

/**
 * REPORTDATA of evidence that is not verified yet. Throws `QUOTE_…`, `REPORT_…`, and
 * `RATLS_CBOR_TAG` for a report that only its own machine can check.
 */
export function raTlsReportDataOf(evidence: RaTlsEvidence): Uint8Array {
  if (evidence.kind === "sev-snp") return parseSnpReport(evidence.evidence).reportData;
  if (evidence.kind === "interoperable" && evidence.cborTag === 60001) {
    const message = "a local report proves nothing to a peer, a quote needed";
    throw new AttestationError("RATLS_CBOR_TAG", message);
  }
  return parseQuote(evidence.evidence).body.reportData;
}
