/** Why an image, a platform, an enclave's request or collateral was refused. */
export type TeeErrorCode =
  | "IMAGE_MALFORMED"
  | "IMAGE_UNSIGNED"
  | "IMAGE_SIGNATURE_INVALID"
  | "IMAGE_MEASUREMENT_MISMATCH"
  | "SIGNING_KEY_INVALID"
  | "LAUNCH_REFUSED"
  | "PLATFORM_STATE_INVALID"
  | "SIMULATION_IN_PRODUCTION"
  | "NOT_IN_ENCLAVE"
  | "EVIDENCE_REFUSED"
  | "EVIDENCE_UNAVAILABLE"
  | "EVIDENCE_RACE"
  | "EVIDENCE_PROVIDER"
  | "EVIDENCE_IO"
  | "CHANNEL_CLOSED"
  | "CHANNEL_TIMEOUT"
  | "COLLATERAL_UNAVAILABLE";

/** Thrown by everything in this package; carries a stable `code` and no secret. */
export class TeeError extends Error {
  readonly code: TeeErrorCode;

  constructor(code: TeeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TeeError";
    this.code = code;
  }
}
