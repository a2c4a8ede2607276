export { DEFAULT_ACCEPTED_TCB_STATUSES } from "./appraise-coordinator.ts";
export {
  type AttestCoordinatorOptions,
  type AttestedCoordinator,
  attestCoordinator,
  type CoordinatorPolicy,
  type EndorsementSource,
  type UnattestedCoordinator,
} from "./attest-coordinator.ts";
export {
  type ActiveManifest,
  type CoordinatorClient,
  type CoordinatorQuote,
  type CoordinatorStatus,
  createCoordinatorClient,
  manifestFingerprint,
} from "./coordinator-client.ts";
export {
  type CoordinatorHost,
  DEFAULT_COORDINATOR_PORT,
  formatCoordinatorHost,
  parseCoordinatorHost,
} from "./coordinator-host.ts";
export { ClientError, type ClientErrorCode, isNotTrusted } from "./error.ts";
export { type EraConfig, type ExpectedIdentity, parseEraConfig } from "./expected-identity.ts";
export { createHttpsTransport } from "./https-transport.ts";
export type { MarbleRoutes, SignedQuote } from "./marble-routes.ts";
export type { RecoveryProgress, RecoveryRoutes } from "./recovery-routes.ts";
export {
  encryptRecoverySecret,
  isPlainRecoverySecret,
  parseRecoveryKey,
  type RecoveryKey,
} from "./recovery-secret.ts";
export { parseUserSecrets, secretsJson } from "./secret.ts";
export type { SecretRoutes } from "./secret-routes.ts";
export type {
  ClientIdentity,
  ServerTrust,
  Transport,
  TransportRequest,
  TransportResponse,
} from "./transport.ts";
export type {
  Acknowledgement,
  ForecastChange,
  PendingUpdate,
  UpdateForecast,
  UpdateProgress,
  UpdateRoutes,
} from "./update-routes.ts";
