/** Why a Coordinator could not be used; each code belongs to one exit code of the command line. */
export type ClientErrorCode =
  | "HOST_INVALID"
  | "UNREACHABLE"
  | "TLS_NOT_TRUSTED"
  | "IDENTITY_INVALID"
  | "RESPONSE_INVALID"
  | "RESPONSE_TOO_LARGE"
  | "SERVER_REFUSED"
  | "UNAUTHORIZED"
  | "MANIFEST_NOT_SET"
  | "NO_UPDATE"
  | "DRY_RUN_UNSUPPORTED"
  | "SECRETS_INVALID"
  | "RECOVERY_KEY_INVALID"
  | "RECOVERY_SECRET_INVALID"
  | "ERA_CONFIG_INVALID"
  | "COLLATERAL_MISSING"
  | "EVIDENCE_MISSING"
  | "EVIDENCE_INVALID"
  | "EVIDENCE_OTHER_KEY"
  | "EVIDENCE_SIMULATED"
  | "INTERMEDIATE_FOREIGN"
  | "COORDINATOR_REFUSED"
  | "IDENTITY_MISSING"
  | "EVIDENCE_BUNDLE_INVALID"
  | "MANIFEST_SIGNATURE_INVALID"
  | "SITE_CERTIFICATE_FOREIGN"
  | "SITE_CERTIFICATE_EXPIRED"
  | "BALLOT_KEYS_DISAGREE"
  | "TALLY_OTHER_ROOT";

/** Codes that mean: somebody answered, and must not be trusted. */
const NOT_TRUSTED: ReadonlySet<ClientErrorCode> = new Set<ClientErrorCode>([
  "TLS_NOT_TRUSTED",
  "EVIDENCE_MISSING",
  "EVIDENCE_INVALID",
  "EVIDENCE_OTHER_KEY",
  "EVIDENCE_SIMULATED",
  "INTERMEDIATE_FOREIGN",
  "COORDINATOR_REFUSED",
  "IDENTITY_MISSING",
  "MANIFEST_SIGNATURE_INVALID",
  "SITE_CERTIFICATE_FOREIGN",
  "SITE_CERTIFICATE_EXPIRED",
  "BALLOT_KEYS_DISAGREE",
  "TALLY_OTHER_ROOT",
]);

/** Thrown by every function of this package. Messages never hold secrets or keys. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  /** HTTP status when a server answered with an error, else undefined. */
  readonly status: number | undefined;

  constructor(
    code: ClientErrorCode,
    message: string,
    options: ErrorOptions & { readonly status?: number } = {},
  ) {
    super(message, options);
    this.name = "ClientError";
    this.code = code;
    this.status = options.status;
  }
}

/** Whether `code` says that verification or appraisal refused the peer. */
export function isNotTrusted(code: ClientErrorCode): boolean {
  return NOT_TRUSTED.has(code);
}
