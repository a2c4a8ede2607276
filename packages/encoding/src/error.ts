/** Why bytes or text could not be decoded. */
export type EncodingErrorCode =
  | "DER_MALFORMED"
  | "PEM_MALFORMED"
  | "HEX_MALFORMED"
  | "BASE64_MALFORMED";

/** Thrown by every decoder of this package; carries a stable `code` and never the input itself. */
export class EncodingError extends Error {
  readonly code: EncodingErrorCode;

  constructor(code: EncodingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EncodingError";
    this.code = code;
  }
}
