export type { AuthData } from "./dcap/auth-data.ts";
export {
  type DcapCollateral,
  encodeQeIdentity,
  encodeTcbInfo,
  type QeIdentityText,
  type TcbInfoText,
} from "./dcap/collateral.ts";
export {
  encodePckExtension,
  type PckExtensionFields,
  type PckInfo,
} from "./dcap/pck-certificate.ts";
export { type CollateralRequest, pckInfoOfQuote } from "./dcap/pck-info.ts";
export {
  type AppraisalViolation,
  appraiseSgx,
  type SgxMeasurementPolicy,
  type SgxPolicy,
} from "./dcap/policy.ts";
export {
  encodeQuoteV3,
  encodeQuoteV3Signed,
  type ParseQuoteOptions,
  parseQuote,
  pckChainOf,
  type QuoteV3Auth,
  type SgxQuote,
} from "./dcap/quote.ts";
export type { QuoteHeader } from "./dcap/quote-header.ts";
export {
  encodeSgxReportBody,
  type SgxReportBody,
  type SgxReportBodyFields,
} from "./dcap/report-body.ts";
export type { TcbStatus } from "./dcap/tcb-status.ts";
export type { CollateralWindow, VerifiedSgxQuote } from "./dcap/verified-quote.ts";
export {
  createSgxVerifier,
  type SgxVerification,
  type SgxVerifier,
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
export {
  type Assurance,
  createSimulationAnchor,
  INTEL_SGX_ROOT,
  type TrustAnchor,
} from "./trust-anchor.ts";
