/** Codes of evidence that is not genuine, or cannot be shown to be (specification section 2.1). */
export type VerificationErrorCode =
  | "QUOTE_TRUNCATED"
  | "QUOTE_LENGTH_MISMATCH"
  | "QUOTE_TRAILING_DATA"
  | "QUOTE_UNSUPPORTED_VERSION"
  | "QUOTE_UNSUPPORTED_TEE_TYPE"
  | "QUOTE_UNSUPPORTED_KEY_TYPE"
  | "QUOTE_UNKNOWN_QE_VENDOR"
  | "QUOTE_BODY_TYPE"
  | "QUOTE_CERT_DATA_TYPE"
  | "QUOTE_KEY_INVALID"
  | "QUOTE_SIGNATURE_INVALID"
  | "QE_REPORT_SIGNATURE_INVALID"
  | "QE_REPORT_DATA_MISMATCH"
  | "PCK_CERT_UNAVAILABLE"
  | "CERT_MALFORMED"
  | "CERT_CHAIN_INVALID"
  | "CERT_UNTRUSTED_ROOT"
  | "CERT_CONSTRAINT"
  | "CERT_WRONG_ROLE"
  | "CERT_EXPIRED"
  | "CERT_NOT_YET_VALID"
  | "CERT_REVOKED"
  | "CRL_MISSING"
  | "CRL_MALFORMED"
  | "CRL_ISSUER_MISMATCH"
  | "CRL_SIGNATURE_INVALID"
  | "CRL_EXPIRED"
  | "CRL_NOT_YET_VALID"
  | "TCB_INFO_MALFORMED"
  | "TCB_INFO_UNSUPPORTED_VERSION"
  | "TCB_INFO_SIGNATURE_INVALID"
  | "TCB_INFO_EXPIRED"
  | "TCB_INFO_NOT_YET_VALID"
  | "TCB_INFO_MISMATCH"
  | "QE_IDENTITY_MALFORMED"
  | "QE_IDENTITY_UNSUPPORTED_VERSION"
  | "QE_IDENTITY_SIGNATURE_INVALID"
  | "QE_IDENTITY_EXPIRED"
  | "QE_IDENTITY_NOT_YET_VALID"
  | "QE_IDENTITY_MISMATCH"
  | "COLLATERAL_UNAVAILABLE"
  | "TCB_LEVEL_NOT_SUPPORTED"
  | "QE_TCB_NOT_SUPPORTED"
  | "TCB_STATUS_UNRECOGNIZED"
  | "TCB_REVOKED"
  | "SIGSTRUCT_MALFORMED"
  | "SIGSTRUCT_SIGNATURE_INVALID"
  | "VERIFIER_INPUT";

/** Codes of genuine evidence that a policy does not want. */
export type PolicyErrorCode =
  | "POLICY_SIMULATION"
  | "POLICY_TCB_STATUS"
  | "POLICY_ADVISORY"
  | "POLICY_TCB_EVALUATION_NUMBER"
  | "POLICY_DEBUG"
  | "POLICY_MRENCLAVE"
  | "POLICY_MRSIGNER"
  | "POLICY_ISV_PROD_ID"
  | "POLICY_ISV_SVN"
  | "POLICY_REPORT_DATA";

export type AttestationErrorCode = VerificationErrorCode | PolicyErrorCode;

/** Evidence was refused; `code` says why and is stable, the message is for people. */
export class AttestationError extends Error {
  readonly code: AttestationErrorCode;

  constructor(code: AttestationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AttestationError";
    this.code = code;
  }
}
