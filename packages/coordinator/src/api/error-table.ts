import { status } from "@grpc/grpc-js";
import type { CoordinatorErrorCode } from "../error.ts";

/** How a code is answered: HTTP status and envelope style of the v2 API, and gRPC status. */
export interface ErrorAnswer {
  readonly http: number;
  /** `fail` is the caller's mistake in the request itself (spec marblerun section 2.1). */
  readonly style: "error" | "fail";
  readonly grpc: status;
}

const internal: ErrorAnswer = { http: 500, style: "error", grpc: status.INTERNAL };
const malformed: ErrorAnswer = { http: 400, style: "fail", grpc: status.INVALID_ARGUMENT };
const unauthorized: ErrorAnswer = { http: 401, style: "fail", grpc: status.UNAUTHENTICATED };
const denied: ErrorAnswer = { http: 500, style: "error", grpc: status.PERMISSION_DENIED };

/** The one table from codes to answers (spec marblerun sections 2.4, 2.10 and 3.3). */
export const ERROR_ANSWERS: Readonly<Record<CoordinatorErrorCode, ErrorAnswer>> = {
  CONFIG_INVALID: internal,
  STATE_WRONG: { ...internal, grpc: status.FAILED_PRECONDITION },
  STATE_TAMPERED: internal,
  STATE_ROLLED_BACK: internal,
  STATE_FORMAT: internal,
  STATE_CONFLICT: { ...internal, grpc: status.ABORTED },
  STORE_FAILED: internal,
  STORE_LOCKED: internal,
  KEY_UNAVAILABLE: { ...internal, grpc: status.FAILED_PRECONDITION },
  QUOTE_FAILED: internal,
  COLLATERAL_UNAVAILABLE: denied,
  REQUEST_MALFORMED: malformed,
  REQUEST_TOO_LARGE: { http: 413, style: "error", grpc: status.RESOURCE_EXHAUSTED },
  REQUEST_TIMEOUT: { http: 408, style: "error", grpc: status.DEADLINE_EXCEEDED },
  ROUTE_UNKNOWN: { http: 405, style: "error", grpc: status.UNIMPLEMENTED },
  NOT_AVAILABLE: { ...internal, grpc: status.UNIMPLEMENTED },
  USER_UNAUTHORIZED: unauthorized,
  MARBLE_UNAUTHORIZED: unauthorized,
  PERMISSION_DENIED: denied,
  FEATURE_DISABLED: { http: 403, style: "error", grpc: status.PERMISSION_DENIED },
  MANIFEST_UNSET: internal,
  MANIFEST_INVALID: internal,
  NO_UPDATE: { http: 404, style: "error", grpc: status.NOT_FOUND },
  UPDATE_PENDING: { ...internal, grpc: status.FAILED_PRECONDITION },
  UPDATE_INVALID: internal,
  UPDATE_DOWNGRADE: internal,
  UPDATE_MISMATCH: internal,
  SECRET_UNKNOWN: internal,
  SECRET_INVALID: internal,
  RECOVERY_KEY_INVALID: internal,
  RECOVERY_SECRET_INVALID: internal,
  RECOVERY_SECRET_UNDECRYPTABLE: malformed,
  RECOVERY_SIGNATURE_INVALID: internal,
  ACTIVATION_STATE: { ...internal, grpc: status.FAILED_PRECONDITION },
  PEER_CERTIFICATE_MISSING: unauthorized,
  MARBLE_TYPE_UNKNOWN: denied,
  PACKAGE_UNKNOWN: denied,
  QUOTE_MISSING: denied,
  QUOTE_INVALID: denied,
  QUOTE_REPORT_DATA: denied,
  QUOTE_TCB_STATUS: denied,
  QUOTE_ADVISORY: denied,
  QUOTE_EXPOSED: denied,
  PACKAGE_DEBUG: denied,
  PACKAGE_UNIQUE_ID: denied,
  PACKAGE_SIGNER_ID: denied,
  PACKAGE_PRODUCT_ID: denied,
  PACKAGE_SECURITY_VERSION: denied,
  ACTIVATION_LIMIT: denied,
  UUID_INVALID: malformed,
  CSR_INVALID: internal,
  PARAMETERS_INVALID: internal,
  INTERNAL: internal,
};
