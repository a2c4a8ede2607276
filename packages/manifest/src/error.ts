/** Why JSON text was refused (spec marblerun section 0.3). */
type JsonErrorCode =
  | "JSON_SIZE"
  | "JSON_EMPTY"
  | "JSON_SYNTAX"
  | "JSON_DEPTH"
  | "JSON_TRAILING"
  | "JSON_TYPE"
  | "JSON_NUMBER"
  | "JSON_UNENCODABLE";

/** Why a manifest was refused: one code a rule of spec marblerun section 4.4. */
export type ManifestRuleCode =
  | "MANIFEST_EMPTY"
  | "MANIFEST_YAML"
  | "MANIFEST_FILE_ENTRY"
  | "MANIFEST_FILE_ENCODING"
  | "MANIFEST_NO_PACKAGES"
  | "MANIFEST_NO_MARBLES"
  | "MANIFEST_PACKAGE_UNKNOWN"
  | "MANIFEST_PACKAGE_IDENTITY"
  | "MANIFEST_TLS_TAG_UNKNOWN"
  | "MANIFEST_TLS_PORT_MISSING"
  | "MANIFEST_TLS_ADDR_MISSING"
  | "MANIFEST_TLS_SECRET_UNKNOWN"
  | "MANIFEST_TLS_CLIENT_AUTH"
  | "MANIFEST_USER_CERTIFICATE_MISSING"
  | "MANIFEST_USER_CERTIFICATE_DUPLICATE"
  | "MANIFEST_USER_ROLE_UNKNOWN"
  | "MANIFEST_ROLE_RESOURCE_TYPE"
  | "MANIFEST_ROLE_ACTION"
  | "MANIFEST_ROLE_RESOURCE_UNKNOWN"
  | "MANIFEST_ROLE_RESOURCE_FORBIDDEN"
  | "MANIFEST_SECRET_TYPE"
  | "MANIFEST_SECRET_VALIDITY"
  | "MANIFEST_UPDATE_THRESHOLD"
  | "MANIFEST_SEAL_MODE"
  | "MANIFEST_FEATURE_GATE"
  | "MANIFEST_HSM_ENVIRONMENT"
  | "MANIFEST_RECOVERY_THRESHOLD";

/** Why a template was refused, would not run, or gave a value nobody may have (section 5). */
type TemplateErrorCode =
  | "TEMPLATE_PARSE"
  | "TEMPLATE_UNSUPPORTED"
  | "TEMPLATE_EXECUTION"
  | "TEMPLATE_LIMIT"
  | "TEMPLATE_ENV_NUL";

/** Why a TLS configuration could not be built or read (section 3.7). */
type TlsConfigErrorCode =
  | "TLS_CONFIG_MARBLE_UNKNOWN"
  | "TLS_CONFIG_TAG_UNKNOWN"
  | "TLS_CONFIG_SECRET_UNKNOWN"
  | "TLS_CONFIG_MALFORMED";

/** Every code of {@link ManifestError}. */
export type ManifestErrorCode =
  | JsonErrorCode
  | ManifestRuleCode
  | TemplateErrorCode
  | TlsConfigErrorCode;

/** Thrown by every function of this package; names entries of the manifest, never their secrets. */
export class ManifestError extends Error {
  readonly code: ManifestErrorCode;

  constructor(code: ManifestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ManifestError";
    this.code = code;
  }
}
