/** Why a certificate, a CRL or a certificate request was refused. */
export type PkiErrorCode =
  | "CERT_MALFORMED"
  | "CRL_MALFORMED"
  | "CSR_MALFORMED"
  | "CSR_SIGNATURE_INVALID"
  | "KEY_UNSUPPORTED";

/** Thrown by every reader of this package; carries a stable `code`. */
export class PkiError extends Error {
  readonly code: PkiErrorCode;

  constructor(code: PkiErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PkiError";
    this.code = code;
  }
}
