/**
 * The entry of the browser bundle, whose size is bounded: what reads, verifies and appraises
 * evidence of every TEE. Nothing that makes evidence, endorsements or attestation results is here;
 * types are those of the package's main entry.
 */

// AMD's certificates do not compress: side by side at the front they cost 1.5 KB less than apart.
import "./snp/ark-certificates.ts";
import "./snp/intermediate-certificates.ts";

export { requireAccepted } from "./appraisal.ts";
export { appraiseEvidence } from "./appraise-evidence.ts";
export { isHardware } from "./assurance.ts";
export { attest } from "./attest.ts";
export { parseHclReport } from "./azure/hcl-report.ts";
export { appraisePcrs } from "./azure/pcr-policy.ts";
export { parseTpmQuote, parseTpmtSignature } from "./azure/tpm-quote.ts";
export { verifyAzureVtpm } from "./azure/verifier.ts";
export { pckInfoOfQuote } from "./dcap/pck-info.ts";
export { parseQuote, pckChainOf } from "./dcap/quote.ts";
export { appraiseSgx } from "./dcap/sgx-policy.ts";
export { readTdAttributes } from "./dcap/td-report.ts";
export { appraiseTdx } from "./dcap/tdx-policy.ts";
export { createDcapVerifier } from "./dcap/verifier.ts";
export { AttestationError } from "./error.ts";
export { recogniseEvidence } from "./evidence.ts";
export { createEvidenceVerifier, HARDWARE_ANCHORS } from "./evidence-verifier.ts";
export { decodeOeQuote } from "./oe-quote.ts";
export { checkRaTlsBinding } from "./ra-tls/binding.ts";
export { RA_TLS_HASHES, RA_TLS_OID, SNP_EVIDENCE_TYPE } from "./ra-tls/evidence.ts";
export { readRaTlsEvidence } from "./ra-tls/read-evidence.ts";
export { raTlsReportDataOf } from "./ra-tls/report-data.ts";
export { verifyRaTls } from "./ra-tls/verifier.ts";
export { mrSignerOf, verifySigstruct } from "./sigstruct.ts";
export { CERT_TABLE_GUID, parseCertTable } from "./snp/cert-table.ts";
export { appraiseSnp } from "./snp/policy.ts";
export { parseSnpReport } from "./snp/report.ts";
export { decodeSnpTcb } from "./snp/tcb.ts";
export { createSnpVerifier } from "./snp/verifier.ts";
export { softwareIdentityOf } from "./software-identity.ts";
export { AMD_ROOTS, createSimulationAnchor, INTEL_SGX_ROOT } from "./trust-anchor.ts";
