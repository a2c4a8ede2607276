export {
  type BundledAmdCrl,
  type BundledDcapCollateral,
  type CollateralBundle,
  EMPTY_BUNDLE,
  encodeCollateralBundle,
  MAX_BUNDLE_BYTES,
  parseCollateralBundle,
} from "./collateral/bundle.ts";
export { type BundleProviderOptions, createBundleProvider } from "./collateral/bundle-provider.ts";
export { type CachedProviderOptions, createCachedProvider } from "./collateral/cached-provider.ts";
export {
  type ChainedProviderOptions,
  createChainedProvider,
} from "./collateral/chained-provider.ts";
export {
  type CollateralStore,
  createFileCollateralStore,
  type FileCollateralStoreOptions,
} from "./collateral/collateral-store.ts";
export { fetchEndorsements } from "./collateral/fetch-endorsements.ts";
export { findEndorsements } from "./collateral/find-endorsements.ts";
export type { HttpOptions } from "./collateral/http-get.ts";
export { createKdsProvider, type KdsProviderOptions } from "./collateral/kds-provider.ts";
export {
  type LoadedCollateral,
  loadCollateralBundle,
  type SkippedFile,
} from "./collateral/load-bundle.ts";
export {
  createDcapProviderFor,
  createPccsProvider,
  type PccsProviderOptions,
} from "./collateral/pccs-provider.ts";
export { createPcsProvider, type PcsProviderOptions } from "./collateral/pcs-provider.ts";
export type {
  AmdCertificateRequest,
  AmdCertificates,
  AmdCollateralProvider,
  AmdKey,
  CollateralProvider,
  DcapCollateralProvider,
  DcapCollateralRequest,
  PartialCollateralProvider,
} from "./collateral/provider.ts";
export {
  type CollateralRefusal,
  type CollateralRefusalKind,
  collateralRefusalOf,
  refusalText,
} from "./collateral/refusal.ts";
export { connectEnclaveTee } from "./enclave/connect-enclave-tee.ts";
export type { EnclaveChannel } from "./enclave/enclave-channel.ts";
export { TeeError, type TeeErrorCode } from "./error.ts";
export { createFileTee, type FileTeeOptions } from "./evidence/create-file-tee.ts";
export {
  detectEvidenceSource,
  type EvidenceSource,
  type EvidenceSourceOptions,
} from "./evidence/detect-evidence-source.ts";
export {
  createEmulatedFiles,
  type EvidenceFiles,
  type EvidenceOrigin,
  HARDWARE_FILES,
} from "./evidence/evidence-files.ts";
export type { FileEvidence } from "./evidence/file-evidence.ts";
export type { FileOps, OpenFile } from "./evidence/file-ops.ts";
export type { Lock } from "./evidence/lock.ts";
export {
  extendRtmr,
  type GuestMeasurements,
  readGuestMeasurements,
} from "./evidence/measurements.ts";
export { createNodeFileOps } from "./evidence/node-file-ops.ts";
export {
  type EnclaveImage,
  encodeImage,
  type ImageContent,
  type ImageRecord,
  MAX_IMAGE_BYTES,
  parseImage,
} from "./image/image.ts";
export { DEFAULT_ENV_ALLOW, type LaunchSettings } from "./image/launch-settings.ts";
export { measureImage, type TdMeasurements } from "./image/measure-image.ts";
export { loadNodeExecutable, type NodeExecutable } from "./image/node-executable.ts";
export { type PackageInfo, readPackageInfo, type TdPackageInfo } from "./image/package-info.ts";
export {
  generateSigningKey,
  type SignImageOptions,
  signImage,
} from "./image/sign-image.ts";
export {
  type EnclaveIdentity,
  type MeasuredIdentity,
  type VerifiedImage,
  verifyImage,
} from "./image/verify-image.ts";
export { openTee } from "./open-tee.ts";
export type { AmdEndorsementParts } from "./platform/amd-endorsements.ts";
export type { Enclave, EnclaveExit, LaunchOptions } from "./platform/enclave.ts";
export type { PcsAddress, PcsServer } from "./platform/pcs-server.ts";
export type {
  ComponentStatus,
  DatedPart,
  PlatformScenario,
  RevocableCertificate,
  ServiceFailure,
  Unlisted,
} from "./platform/scenario.ts";
export {
  createSimulatedPlatform,
  type SimulatedPlatform,
  type SimulatedPlatformOptions,
} from "./platform/simulated-platform.ts";
export type {
  EvidenceScenario,
  ScenarioCase,
  ScenarioOutcome,
} from "./scenarios/evidence-scenario.ts";
export {
  createScenarioWorld,
  type ScenarioWorld,
  type ScenarioWorldOptions,
} from "./scenarios/scenario-world.ts";
export { SCENARIOS } from "./scenarios/scenarios.ts";
export type { SealingPolicy, Tee } from "./tee.ts";
