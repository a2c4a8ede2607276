export { CliError, type CliErrorCode } from "./cli-error.ts";
export type { CliEnvironment, CliIo } from "./cli-io.ts";
export { EXIT, type ExitCode } from "./exit-code.ts";
export { run } from "./run.ts";
export type { ChildLog } from "./up/child-log.ts";
export type { MeshFiles } from "./up/mesh-files.ts";
export type { SignedImage } from "./up/mesh-images.ts";
export { DEFAULT_PORTS, type MeshPorts } from "./up/mesh-ports.ts";
export type { ReadyFacts } from "./up/ready-screen.ts";
export type { RunningChild } from "./up/running-child.ts";
export type { LocalCoordinator } from "./up/start-coordinator.ts";
export {
  type LaunchMarbleOptions,
  type Mesh,
  type StartMeshOptions,
  startMesh,
} from "./up/start-mesh.ts";
