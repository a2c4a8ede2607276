export { type AppraisalViolation, requireAccepted } from "./appraisal.ts";
export { appraiseEvidence } from "./appraise-evidence.ts";
export {
  type HardwareVerified,
  isHardware,
  type SimulationVerified,
  type Verified,
} from "./assurance.ts";
export { type Attestation, attest } from "./attest.ts";
export { type HclReport, parseHclReport } from "./azure/hcl-report.ts";
export { appraisePcrs, type PcrPolicy } from "./azure/pcr-policy.ts";
export type { TpmQuoteEvidence, VerifiedTpmQuote } from "./azure/tpm-check.ts";
export {
  type PcrSelection,
  parseTpmQuote,
  parseTpmtSignature,
  type TpmQuote,
} from "./azure/tpm-quote.ts";
export type { VariableData } from "./azure/variable-data.ts";
export {
  type AzureVtpmVerification,
  type VerifiedAzureVtpm,
  verifyAzureVtpm,
} from "./azure/verifier.ts";
export { type Cbor, type CborEntry, cbor } from "./cbor.ts";
export type { QuoteCrypto } from "./crypto.ts";
export type { AuthData } from "./dcap/auth-data.ts";
export {
  type DcapCollateral,
  encodeQeIdentity,
  encodeTcbInfo,
  type QeIdentityText,
  type TcbInfoText,
} from "./dcap/collateral.ts";
export type { DcapPolicy } from "./dcap/dcap-policy.ts";
export {
  encodePckExtension,
  type PckExtensionFields,
  type PckInfo,
  readPckInfo,
} from "./dcap/pck-certificate.ts";
export { type CollateralRequest, pckInfoOfQuote } from "./dcap/pck-info.ts";
export {
  encodeQuote,
  encodeQuoteSigned,
  type ParseQuoteOptions,
  parseQuote,
  pckChainOf,
  type Quote,
  type QuoteAuth,
  type QuoteForm,
  type SgxQuote,
  type TdxQuote,
} from "./dcap/quote.ts";
export type { QuoteHeader } from "./dcap/quote-header.ts";
export {
  encodeSgxReportBody,
  type SgxReportBody,
  type SgxReportBodyFields,
} from "./dcap/report-body.ts";
export { appraiseSgx, type SgxMeasurementPolicy, type SgxPolicy } from "./dcap/sgx-policy.ts";
export type { LevelStatus, TcbStatus } from "./dcap/tcb-status.ts";
export {
  encodeTdReport,
  readTdAttributes,
  type TdAttributes,
  type TdReport,
  type TdReportFields,
  type TdReportVersion,
} from "./dcap/td-report.ts";
export { appraiseTdx, type TdxMeasurementPolicy, type TdxPolicy } from "./dcap/tdx-policy.ts";
export {
  type CollateralWindow,
  requireSgx,
  type VerifiedQuote,
  type VerifiedSgxQuote,
  type VerifiedTdxQuote,
} from "./dcap/verified-quote.ts";
export {
  createDcapVerifier,
  type DcapVerification,
  type DcapVerifier,
} from "./dcap/verifier.ts";
export {
  EAR_PROFILE,
  type EarClaims,
  type EarFrame,
  type EarInput,
  type EarSubmodule,
  toEar,
} from "./ear/ear.ts";
export { earEvidenceOf } from "./ear/ear-evidence.ts";
export {
  signEar,
  type VerifiedEar,
  type VerifiedEarSubmodule,
  verifyEar,
} from "./ear/signed-ear.ts";
export type {
  EarEvidence,
  EarStatus,
  EarSubject,
  TrustworthinessVector,
} from "./ear/trustworthiness.ts";
export {
  type AmdEndorsements,
  type AmdEndorsementsText,
  amdEndorsementsOfText,
  createEndorsementRequests,
  type EndorsementRequest,
  type Endorsements,
  endorsementRequestOf,
  endorsementsToText,
  isRootOf,
} from "./endorsements.ts";
export {
  AttestationError,
  type AttestationErrorCode,
  type PolicyErrorCode,
  type VerificationErrorCode,
} from "./error.ts";
export { type Evidence, encodeEvidence, recogniseEvidence, type TeeKind } from "./evidence.ts";
export { type EvidencePolicy, parseEvidencePolicy } from "./evidence-policy.ts";
export {
  createEvidenceVerifier,
  type EvidenceVerification,
  type EvidenceVerifier,
  HARDWARE_ANCHORS,
  type VerifiedEvidence,
} from "./evidence-verifier.ts";
export { guestExposure } from "./guest-exposure.ts";
export { decodeOeQuote, encodeOeQuote } from "./oe-quote.ts";
export { checkRaTlsBinding } from "./ra-tls/binding.ts";
export {
  type InteroperableEvidence,
  type LegacyEvidence,
  RA_TLS_HASHES,
  RA_TLS_OID,
  type RaTlsClaims,
  type RaTlsEvidence,
  SNP_EVIDENCE_TYPE,
  type SnpEvidence,
} from "./ra-tls/evidence.ts";
export {
  createRaTlsClaims,
  type RaTlsClaimsBinding,
  type RaTlsClaimsTemplate,
  raTlsExtension,
  snpRaTlsExtension,
} from "./ra-tls/issue.ts";
export { type RaTlsCertificate, readRaTlsEvidence } from "./ra-tls/read-evidence.ts";
export { raTlsReportDataOf } from "./ra-tls/report-data.ts";
export {
  type AttestedReport,
  type RaTlsVerification,
  type VerifiedRaTls,
  verifyRaTls,
} from "./ra-tls/verifier.ts";
export {
  mrSignerOf,
  parseSigstruct,
  SIGSTRUCT_BYTES,
  type Sigstruct,
  verifySigstruct,
} from "./sigstruct.ts";
export {
  CERT_TABLE_GUID,
  type CertTableEntry,
  encodeCertTable,
  parseCertTable,
} from "./snp/cert-table.ts";
export {
  encodeGuestPolicy,
  type GuestPolicy,
  type GuestPolicyFlag,
  type PlatformInfo,
  type PlatformInfoFlag,
} from "./snp/guest-policy.ts";
export { appraiseSnp, type FlagPolicy, type SnpPolicy } from "./snp/policy.ts";
export type { SnpCpuid, SnpProduct } from "./snp/product.ts";
export {
  type FirmwareVersion,
  parseSnpReport,
  type SnpReport,
  type SnpSignerInfo,
  type SnpSigningKey,
} from "./snp/report.ts";
export { encodeSnpReport, type SnpReportFields, withSnpSignature } from "./snp/report-encoder.ts";
export { SNP_REPORT_BYTES, SNP_SIGNED_BYTES } from "./snp/report-layout.ts";
export { decodeSnpTcb, encodeSnpTcb, type SnpTcb, type SnpTcbComponent } from "./snp/tcb.ts";
export {
  encodeVekExtensions,
  readVekInfo,
  type VekExtensionFields,
  type VekInfo,
  type VekKind,
} from "./snp/vek-extensions.ts";
export type {
  SnpClaims,
  SnpWarning,
  VekClaims,
  VerifiedSnpReport,
  VerifiedVek,
} from "./snp/verified-report.ts";
export {
  createSnpVerifier,
  type SnpEndorsements,
  type SnpVerification,
  type SnpVerifier,
  type VekVerification,
} from "./snp/verifier.ts";
export { type SoftwareIdentity, softwareIdentityOf, tdUniqueId } from "./software-identity.ts";
export {
  AMD_ROOTS,
  type Assurance,
  createSimulationAnchor,
  INTEL_SGX_ROOT,
  type TrustAnchor,
} from "./trust-anchor.ts";
