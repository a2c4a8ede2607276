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
export type {
  ServerTrust,
  Transport,
  TransportRequest,
  TransportResponse,
} from "./transport.ts";
