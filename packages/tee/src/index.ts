export {
  createPccsClient,
  type PccsClient,
  type PccsClientOptions,
  type PlatformFamily,
} from "./collateral/pccs-client.ts";
export { connectEnclaveTee } from "./enclave/connect-enclave-tee.ts";
export type { EnclaveChannel } from "./enclave/enclave-channel.ts";
export { TeeError, type TeeErrorCode } from "./error.ts";
export {
  type EnclaveImage,
  encodeImage,
  type ImageContent,
  type ImageRecord,
  MAX_IMAGE_BYTES,
  parseImage,
} from "./image/image.ts";
export { DEFAULT_ENV_ALLOW, type LaunchSettings } from "./image/launch-settings.ts";
export { measureImage } from "./image/measure-image.ts";
export { loadNodeExecutable, type NodeExecutable } from "./image/node-executable.ts";
export {
  generateSigningKey,
  type SignImageOptions,
  signImage,
} from "./image/sign-image.ts";
export {
  type EnclaveIdentity,
  type PackageInfo,
  readPackageInfo,
  type VerifiedImage,
  verifyImage,
} from "./image/verify-image.ts";
export type { Enclave, EnclaveExit, LaunchOptions } from "./platform/enclave.ts";
export type { PcsAddress, PcsServer } from "./platform/pcs-server.ts";
export type { PlatformScenario, RevocableCertificate } from "./platform/scenario.ts";
export {
  createSimulatedPlatform,
  type SimulatedPlatform,
  type SimulatedPlatformOptions,
} from "./platform/simulated-platform.ts";
export type { SealingPolicy, Tee } from "./tee.ts";
