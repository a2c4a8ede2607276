/**
 * The entry of the browser bundle, whose size is bounded: what reads, verifies and appraises
 * evidence of every TEE, and attestation results. Nothing that makes evidence or endorsements is
 * here, nor the embedded intermediate certificates of AMD; types are those of the main entry.
 */

// AMD's certificates do not compress: side by side at the front they cost less than apart.
import "./snp/ark-certificates.ts";

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
export { requireSgx } from "./dcap/verified-quote.ts";
export { createDcapVerifier } from "./dcap/verifier.ts";
export { toEar } from "./ear/ear.ts";
export { earEvidenceOf } from "./ear/ear-evidence.ts";
export { signEar, verifyEar } from "./ear/signed-ear.ts";
export {
  amdEndorsementsOfText,
  endorsementRequestOf,
  endorsementsToText,
  isRootOf,
} from "./endorsements.ts";
export { AttestationError } from "./error.ts";
export { recogniseEvidence } from "./evidence.ts";
export { parseEvidencePolicy } from "./evidence-policy.ts";
export { createEvidenceVerifier, HARDWARE_ANCHORS } from "./evidence-verifier.ts";
export { guestExposure } from "./guest-exposure.ts";
export { decodeOeQuote } from "./oe-quote.ts";
export { checkRaTlsBinding } from "./ra-tls/binding.ts";
export { RA_TLS_HASHES, RA_TLS_OID, SNP_EVIDENCE_TYPE } from "./ra-tls/evidence.ts";
export { readRaTlsEvidence } from "./ra-tls/read-evidence.ts";
export { raTlsReportDataOf } from "./ra-tls/report-data.ts";
export { verifyRaTls } from "./ra-tls/verifier.ts";
export { mrSignerOf, parseSigstruct, verifySigstruct } from "./sigstruct.ts";
export { CERT_TABLE_GUID, parseCertTable } from "./snp/cert-table.ts";
export { appraiseSnp } from "./snp/policy.ts";
export { parseSnpReport } from "./snp/report.ts";
export { decodeSnpTcb } from "./snp/tcb.ts";
export { createSnpVerifier } from "./snp/verifier.ts";
export { softwareIdentityOf, tdUniqueId } from "./software-identity.ts";
export { AMD_ROOTS, createSimulationAnchor, INTEL_SGX_ROOT } from "./trust-anchor.ts";
