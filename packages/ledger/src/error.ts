/** Why a ledger was refused, or could not take a ballot. */
export type LedgerErrorCode =
  // What was found is not what was written
  | "LEDGER_TRUNCATED"
  | "LEDGER_ROLLED_BACK"
  | "LEDGER_TAMPERED"
  | "LEDGER_SEGMENT_MISSING"
  | "LEDGER_SEGMENT_FOREIGN"
  | "LEDGER_KEY_WRONG"
  // What could not be done
  | "LEDGER_ANCHOR_UNAVAILABLE"
  | "LEDGER_LOCKED"
  | "LEDGER_STORE_FAILED"
  | "LEDGER_WRITE_FAILED"
  | "LEDGER_READ_ONLY"
  | "LEDGER_BUSY"
  | "LEDGER_CLOSED"
  // What was asked for
  | "LEDGER_BALLOT_INVALID"
  | "LEDGER_CONFIG_INVALID"
  | "LEDGER_INDEX_UNKNOWN";

/** Thrown by every function of this package; messages hold numbers and file names, never a ballot. */
export class LedgerError extends Error {
  readonly code: LedgerErrorCode;

  constructor(code: LedgerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LedgerError";
    this.code = code;
  }
}
