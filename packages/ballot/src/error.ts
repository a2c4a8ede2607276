/** Why something of a poll was refused. */
export type BallotErrorCode =
  | "BALLOT_MALFORMED"
  | "BALLOT_KEY_INVALID"
  | "BALLOT_X25519_MISSING"
  | "ANSWER_MALFORMED"
  | "ANSWER_INVALID"
  | "ANSWER_TOO_LARGE"
  | "KEYS_MALFORMED"
  | "KEYS_CERTIFICATE_INVALID"
  | "KEYS_SIGNATURE_INVALID"
  | "RECEIPT_MALFORMED"
  | "RECEIPT_OTHER_LOG"
  | "OPENING_MALFORMED"
  | "OPENING_INVALID"
  | "TALLY_MALFORMED"
  | "TALLY_INCONSISTENT"
  | "TALLY_OTHER_TREE"
  | "CHECKPOINT_OTHER_LOG"
  | "WITNESSES_MISSING"
  | "AUDIT_MALFORMED"
  | "LOG_SHRANK"
  | "LOG_FORKED";

/** Thrown by every parser and check of this package; carries a stable `code`, and no choice or opening. */
export class BallotError extends Error {
  readonly code: BallotErrorCode;

  constructor(code: BallotErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BallotError";
    this.code = code;
  }
}
