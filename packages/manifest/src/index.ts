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
export { describeUpdate, diffManifests, withSecurityVersions } from "./diff-manifests.ts";
export {
  ManifestError,
  type ManifestErrorCode,
} from "./error.ts";
export { explainManifest, type FactKind, type ManifestFact } from "./explain-manifest.ts";
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
export type { ChangeKind, ManifestChange } from "./manifest-change.ts";
export type { ManifestFile } from "./manifest-file.ts";
export { packageJson, parsePackage } from "./package-json.ts";
export {
  type EnclaveIdentity,
  matchPackage,
  type PackageMismatch,
  type PackageMismatchCode,
} from "./package-match.ts";
export { isGranted, type Permissions, permissionsOf } from "./permissions.ts";
export {
  type CompiledTemplate,
  compileTemplate,
  renderTemplate,
  requireEnvBytes,
  type TemplateValues,
  templateValues,
} from "./render-template.ts";
export type { TemplateKind } from "./secret-functions.ts";
export {
  secretDecoder,
  secretJson,
  type UserSecret,
  userSecretDecoder,
  userSecretJson,
} from "./secret-json.ts";
export { type SecretReferences, secretReferences } from "./secret-references.ts";
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
export {
  isRecoveryChanged,
  neededAcknowledgments,
  type SecretFate,
  secretFates,
  updatersOf,
} from "./update-rules.ts";
export { type ManifestWarning, type ValidationContext, validateManifest } from "./validate.ts";
export { type FeatureGate, hasFeatureGate, type SealMode, sealModeOf } from "./validate-config.ts";
