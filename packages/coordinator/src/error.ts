/** Why the Coordinator refused a request or could not go on. */
export type CoordinatorErrorCode =
  // Configuration and state
  | "CONFIG_INVALID"
  | "STATE_WRONG"
  | "STATE_TAMPERED"
  | "STATE_ROLLED_BACK"
  | "STATE_FORMAT"
  | "STATE_CONFLICT"
  | "STORE_FAILED"
  | "STORE_LOCKED"
  | "KEY_UNAVAILABLE"
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
  | "UPDATE_PENDING"
  | "UPDATE_INVALID"
  | "UPDATE_DOWNGRADE"
  | "UPDATE_MISMATCH"
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
  | "QUOTE_EXPOSED"
  | "PACKAGE_DEBUG"
  | "PACKAGE_UNIQUE_ID"
  | "PACKAGE_SIGNER_ID"
  | "PACKAGE_PRODUCT_ID"
  | "PACKAGE_SECURITY_VERSION"
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

/** Packages whose codes are more exact than ours and meant to be seen, by their error classes. */
const DOMAIN_ERRORS: ReadonlySet<string> = new Set([
  "ManifestError",
  "AttestationError",
  "PkiError",
  "TeeError",
]);

/**
 * The most exact code known for `error`: that of the cause which the rooms below gave, so that a
 * caller learns `MANIFEST_NO_PACKAGES` and not just `MANIFEST_INVALID`. `INTERNAL` for the rest:
 * codes of Node's own errors (`ENOSPC`, `ERR_…`) are no reasons to show.
 */
export function reasonOf(error: unknown): string {
  let reason = "INTERNAL";
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth += 1) {
    if (current instanceof CoordinatorError) reason = current.code;
    else if (DOMAIN_ERRORS.has(current.name) && "code" in current) return String(current.code);
    current = current.cause;
  }
  return reason;
}
