export { type AppraisalViolation, requireAccepted } from "./appraisal.ts";
export {
  type HardwareVerified,
  isHardware,
  type SimulationVerified,
  type Verified,
} from "./assurance.ts";
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
  AttestationError,
  type AttestationErrorCode,
  type PolicyErrorCode,
  type VerificationErrorCode,
} from "./error.ts";
export { decodeOeQuote, encodeOeQuote } from "./oe-quote.ts";
export {
  mrSignerOf,
  parseSigstruct,
  SIGSTRUCT_BYTES,
  type Sigstruct,
  verifySigstruct,
} from "./sigstruct.ts";
export { type SoftwareIdentity, softwareIdentityOf, tdUniqueId } from "./software-identity.ts";
export {
  type Assurance,
  createSimulationAnchor,
  INTEL_SGX_ROOT,
  type TrustAnchor,
} from "./trust-anchor.ts";
