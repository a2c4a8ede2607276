/** Why a command failed before or beside what the libraries below report with their own codes. */
export type CliErrorCode =
  | "USAGE"
  | "UNREACHABLE"
  | "FILE_UNREADABLE"
  | "FILE_UNWRITABLE"
  | "FILE_EXISTS"
  | "CERTIFICATE_CACHE_MISSING"
  | "CERTIFICATE_CACHE_INVALID"
  | "ROOT_CHANGED"
  | "MANIFEST_MISMATCH"
  | "PKCS11_UNAVAILABLE"
  | "KUBERNETES_UNAVAILABLE"
  | "PACKAGE_UNSIGNED"
  | "PEM_INVALID"
  | "ENTRY_EXISTS"
  | "SECRET_FILE_INVALID"
  | "RECOVERY_DATA_INVALID"
  | "APP_INVALID"
  | "PLACEHOLDER_UNKNOWN"
  | "PORT_TAKEN"
  | "STATE_LOCKED"
  | "STATE_RECOVERY"
  | "STATE_OTHER_MANIFEST"
  | "STATE_OTHER_TEE"
  | "PROCESS_ENDED"
  | "MESH_NOT_READY"
  | "EVIDENCE_UNRECOGNISED"
  | "EVIDENCE_UNREADABLE"
  | "COLLATERAL_INVALID"
  | "POLICY_INVALID"
  | "LOG_KEY_UNKNOWN"
  | "EVIDENCE_REFUSED"
  | "CHECKPOINT_EARLIER"
  | "CONSISTENCY_INVALID"
  | "CHOICES_INVALID"
  | "SITE_ANSWER_INVALID";

/** Thrown by this package. Messages name files, ports and options, never secrets. */
export class CliError extends Error {
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.code = code;
  }
}
