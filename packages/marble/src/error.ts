/** Why a marble could not start, or why its transparent TLS could not be set up. */
export type MarbleErrorCode =
  | "MARBLE_TYPE_MISSING"
  | "ENVIRONMENT_INVALID"
  | "UUID_FILE_INVALID"
  | "UUID_FILE_FAILED"
  | "ACTIVATION_REFUSED"
  | "ACTIVATION_TIMEOUT"
  | "ACTIVATION_ABORTED"
  | "RENEWAL_INVALID"
  | "PARAMETERS_INVALID"
  | "FILE_WRITE_FAILED"
  | "PORT_MAP_INVALID"
  | "TLS_CONFIG_INVALID";

/** Thrown by this package; carries a stable `code`, never a parameter, a key or a file's content. */
export class MarbleError extends Error {
  readonly code: MarbleErrorCode;

  constructor(code: MarbleErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "MarbleError";
    this.code = code;
  }
}
