export { findPostgres, startPostgres } from "@carrara/postgres/testing";
export { bundleProgram } from "./bundle-program.ts";
export { type KillMoment, runAndKill } from "./killed-program.ts";
export { measureSteps } from "./measure-steps.ts";
export { createMemoryAnchor, type MemoryAnchor } from "./memory-anchor.ts";
export { createMemoryFiles } from "./memory-files.ts";
export { createMemoryStore } from "./memory-store.ts";
export { ballotOf } from "./test-ballots.ts";
