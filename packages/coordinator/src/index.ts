export { ERROR_ANSWERS, type ErrorAnswer } from "./api/error-table.ts";
export { type CoordinatorConfig, type ListenAddress, readCoordinatorConfig } from "./config.ts";
export type { Coordinator, CoordinatorQuote } from "./coordinator.ts";
export type { ActivationRequest } from "./core/activate.ts";
export { MARBLE_TYPE_OID } from "./core/marble-certificate.ts";
export type { MarbleParameters } from "./core/marble-parameters.ts";
export type { Status } from "./core/state.ts";
export { CoordinatorError, type CoordinatorErrorCode, reasonOf } from "./error.ts";
export type { Log } from "./log.ts";
export { type CoordinatorDeps, openCoordinator } from "./open-coordinator.ts";
export {
  createQuoteVerifier,
  type EndorsementSource,
  type QuoteVerifier,
} from "./quote-verifier.ts";
export {
  type CoordinatorServer,
  type CoordinatorServerDeps,
  startCoordinatorServer,
} from "./server.ts";
export { openFileStore } from "./store/file-store.ts";
export type { MachineEntries, SealedState, StateStore, StoredState } from "./store/state-store.ts";
