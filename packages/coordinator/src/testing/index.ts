export { type KillMoment, runAndKill } from "@carrara/ledger/testing";
export { bundleTestProgram, type TestProgram } from "./bundle-test-program.ts";
export type { HistoryFound, HistorySetup } from "./history-protocol.ts";
export { type ClientIdentity, callHttps, type HttpAnswer, type HttpCall } from "./http-client.ts";
export { findPostgres, type PostgresServer, startPostgres } from "./postgres-server.ts";
export {
  createRecordingLog,
  createTestCoordinator,
  createTestMachine,
  type LogRecord,
  type TestCoordinator,
  type TestCoordinatorOptions,
  type TestMachine,
  testIdentity,
} from "./test-coordinator.ts";
export { testManifest } from "./test-manifest.ts";
export {
  type ActivationFields,
  type ActivationOutcome,
  activateOver,
  callActivate,
  prepareMarble,
  TEST_UUID,
} from "./test-marble.ts";
export { createTestUser, type TestUser } from "./test-user.ts";
