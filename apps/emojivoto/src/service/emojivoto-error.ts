/** What can go wrong in the demo's own code. */
export type EmojivotoErrorCode =
  | "ANCHOR_MISSING"
  | "BALLOT_KEY_UNKNOWN"
  | "BALLOT_MALFORMED"
  | "BATCH_MALFORMED"
  | "BOT_REQUEST_FAILED"
  | "CERTIFICATE_INVALID"
  | "FRAME_MALFORMED"
  | "POLL_RESULT_CHANGED"
  | "REQUEST_MALFORMED"
  | "REQUEST_TIMEOUT"
  | "REQUEST_TOO_LARGE"
  | "RPC_FAILED"
  | "SETTING_INVALID"
  | "SETTING_MISSING";

/** The one error class of the demo; `code` is stable, the message is for logs and people. */
export class EmojivotoError extends Error {
  override readonly name: string = "EmojivotoError";
  readonly code: EmojivotoErrorCode;

  constructor(code: EmojivotoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
