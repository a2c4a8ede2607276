export type { Action, ResourceType } from "./actions.ts";
export type {
  CertificateExtension,
  CertificateTemplate,
  DistinguishedName,
  IpRange,
  NameAttribute,
  UrlParts,
} from "./certificate-template.ts";
export { convertManifest } from "./convert-manifest.ts";
export {
  ManifestError,
  type ManifestErrorCode,
} from "./error.ts";
export {
  type GoDecoder,
  type GoFields,
  type GoStruct,
  type GoValue,
  goArray,
  goBool,
  goMap,
  goNullable,
  goObject,
  goRaw,
  goString,
  type JsonReading,
  readGoJson,
} from "./go-json.ts";
export { encodeGoJson, type GoJsonOptions, type GoJsonValue } from "./go-json-encode.ts";
export { goBytes, goInt, goTime, goUint, goUint16, goUint64 } from "./go-json-scalars.ts";
export type { JsonMember, JsonNode } from "./json-node.ts";
export {
  type Infrastructure,
  type Manifest,
  type ManifestConfig,
  type Marble,
  type MarbleParameters,
  type Package,
  parseManifest,
  type Role,
  type SecretDefinition,
  type SecretType,
  type TlsEntry,
  type TlsTag,
  type User,
} from "./manifest.ts";
export type { ManifestFile } from "./manifest-file.ts";
export {
  type EnclaveIdentity,
  matchPackage,
  type PackageMismatch,
  type PackageMismatchCode,
} from "./package-match.ts";
export { isGranted, type Permissions, permissionsOf } from "./permissions.ts";
export { renderTemplate, requireEnvBytes } from "./render-template.ts";
export type { TemplateKind } from "./secret-functions.ts";
export type { SecretValue, TemplateData } from "./secret-value.ts";
export {
  buildTlsConfig,
  encodeTlsConfig,
  parseTlsConfig,
  type TlsConfig,
  type TlsConfigEntry,
  type TlsMaterial,
  type TlsSecret,
} from "./tls-config.ts";
export { kindOfUpdate, type UpdateKind } from "./update-kind.ts";
export { type ManifestWarning, type ValidationContext, validateManifest } from "./validate.ts";
export { type FeatureGate, hasFeatureGate, type SealMode, sealModeOf } from "./validate-config.ts";
