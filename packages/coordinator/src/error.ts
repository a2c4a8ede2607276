/** Why the Coordinator refused a request or could not go on. */
export type CoordinatorErrorCode =
  // Configuration and state
  | "CONFIG_INVALID"
  | "STATE_WRONG"
  | "STATUS_UNKNOWN"
  | "STATE_TAMPERED"
  | "STORE_FAILED"
  | "QUOTE_FAILED"
  | "COLLATERAL_UNAVAILABLE"
  // Client API
  | "REQUEST_MALFORMED"
  | "REQUEST_TOO_LARGE"
  | "REQUEST_TIMEOUT"
  | "ROUTE_UNKNOWN"
  | "NOT_AVAILABLE"
  | "USER_UNAUTHORIZED"
  | "MARBLE_UNAUTHORIZED"
  | "PERMISSION_DENIED"
  | "FEATURE_DISABLED"
  | "MANIFEST_UNSET"
  | "MANIFEST_INVALID"
  | "NO_UPDATE"
  | "SECRET_UNKNOWN"
  | "SECRET_INVALID"
  | "RECOVERY_KEY_INVALID"
  | "RECOVERY_SECRET_INVALID"
  | "RECOVERY_SECRET_UNDECRYPTABLE"
  | "RECOVERY_SIGNATURE_INVALID"
  // Mesh API
  | "ACTIVATION_STATE"
  | "PEER_CERTIFICATE_MISSING"
  | "MARBLE_TYPE_UNKNOWN"
  | "PACKAGE_UNKNOWN"
  | "QUOTE_MISSING"
  | "QUOTE_INVALID"
  | "QUOTE_REPORT_DATA"
  | "QUOTE_TCB_STATUS"
  | "QUOTE_ADVISORY"
  | "PACKAGE_MISMATCH"
  | "ACTIVATION_LIMIT"
  | "UUID_INVALID"
  | "CSR_INVALID"
  | "PARAMETERS_INVALID"
  | "INTERNAL";

/** Thrown by every function of this package; messages hold names and numbers, never secret values. */
export class CoordinatorError extends Error {
  readonly code: CoordinatorErrorCode;

  constructor(code: CoordinatorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CoordinatorError";
    this.code = code;
  }
}

/** Longest chain of causes that is followed; real ones have three links. */
const MAX_CAUSES = 8;

/**
 * The most exact code known for `error`: the innermost one of its causes that carries a code of our
 * packages, so that a caller learns `MANIFEST_NO_PACKAGES` and not just `MANIFEST_INVALID`.
 */
export function reasonOf(error: unknown): string {
  let reason = "INTERNAL";
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth += 1) {
    if ("code" in current && typeof current.code === "string" && isOwnCode(current)) {
      reason = current.code;
    }
    current = current.cause;
  }
  return reason;
}

/** Node's own system and OpenSSL errors carry codes too (`ENOSPC`, `ERR_…`): not reasons to show. */
function isOwnCode(error: Error): boolean {
  return /^(Coordinator|Manifest|Attestation|Pki|Tee|Encoding)Error$/.test(error.name);
}
