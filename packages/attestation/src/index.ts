export type { AuthData } from "./auth-data.ts";
export {
  AttestationError,
  type AttestationErrorCode,
  type PolicyErrorCode,
  type VerificationErrorCode,
} from "./error.ts";
export { decodeOeQuote, encodeOeQuote } from "./oe-quote.ts";
export type { QuoteHeader } from "./quote-header.ts";
export {
  type DcapCollateral,
  encodeQeIdentity,
  encodeTcbInfo,
  type QeIdentityText,
  type TcbInfoText,
} from "./sgx/collateral.ts";
export {
  encodePckExtension,
  type PckExtensionFields,
  type PckInfo,
} from "./sgx/pck-certificate.ts";
export { type CollateralRequest, pckInfoOfQuote } from "./sgx/pck-info.ts";
export {
  type AppraisalViolation,
  appraiseSgx,
  type SgxMeasurementPolicy,
  type SgxPolicy,
} from "./sgx/policy.ts";
export {
  encodeQuoteV3,
  encodeQuoteV3Signed,
  type ParseQuoteOptions,
  parseQuote,
  pckChainOf,
  type QuoteV3Auth,
  type SgxQuote,
} from "./sgx/quote.ts";
export {
  encodeSgxReportBody,
  type SgxReportBody,
  type SgxReportBodyFields,
} from "./sgx/report-body.ts";
export {
  mrSignerOf,
  parseSigstruct,
  SIGSTRUCT_BYTES,
  type Sigstruct,
  verifySigstruct,
} from "./sgx/sigstruct.ts";
export type { CollateralWindow, VerifiedSgxQuote } from "./sgx/verified-quote.ts";
export {
  createSgxVerifier,
  type SgxVerification,
  type SgxVerifier,
} from "./sgx/verifier.ts";
export type { TcbStatus } from "./tcb-status.ts";
export {
  type Assurance,
  createSimulationAnchor,
  INTEL_SGX_ROOT,
  type TrustAnchor,
} from "./trust-anchor.ts";
