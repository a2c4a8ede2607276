/** Why a witness refused, could not keep its promise, or was no witness. */
export type WitnessErrorCode =
  | "SUBMISSION_MALFORMED"
  | "WITNESS_KEY_INVALID"
  | "WITNESS_KEY_EXISTS"
  | "WITNESS_STATE_INVALID"
  | "WITNESS_STATE_LOCKED"
  | "WITNESS_STATE_UNWRITABLE"
  | "WITNESS_UNREACHABLE"
  | "WITNESS_CONFLICT"
  | "WITNESS_FORK"
  | "WITNESS_REFUSED"
  | "WITNESS_ANSWER_MALFORMED"
  | "WITNESS_COSIGNATURE_INVALID";

/** Thrown by every function of this package. Messages never hold keys or what a stranger sent. */
export class WitnessError extends Error {
  readonly code: WitnessErrorCode;
  /** With `WITNESS_CONFLICT`: size of the tree that the witness cosigned last, where to continue. */
  readonly size: number | undefined;
  /** HTTP status when a witness answered, else undefined. */
  readonly status: number | undefined;

  constructor(
    code: WitnessErrorCode,
    message: string,
    options: ErrorOptions & { readonly size?: number; readonly status?: number } = {},
  ) {
    super(message, options);
    this.name = "WitnessError";
    this.code = code;
    this.size = options.size;
    this.status = options.status;
  }
}
