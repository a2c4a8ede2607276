/** Why a proof, a note or a part of a log was refused. */
export type TransparencyErrorCode =
  | "PROOF_INVALID"
  | "PROOF_MALFORMED"
  | "TREE_MALFORMED"
  | "CHECKPOINT_MALFORMED"
  | "NOTE_MALFORMED"
  | "VERIFIER_KEY_MALFORMED"
  | "SIGNATURE_MISSING"
  | "SIGNATURE_INVALID"
  | "TILE_PATH_MALFORMED";

/** Thrown by every parser and verifier of this package; carries a stable `code` and never the input itself. */
export class TransparencyError extends Error {
  readonly code: TransparencyErrorCode;

  constructor(code: TransparencyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TransparencyError";
    this.code = code;
  }
}
