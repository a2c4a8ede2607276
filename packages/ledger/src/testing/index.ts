export { createMemoryFiles } from "./memory-files.ts";
export { createMemoryStore } from "./memory-store.ts";
