export { createMemoryFiles, type MemoryFiles } from "./memory-files.ts";
export { createTestLog, type TestLog, type TestLogOptions, testEntries } from "./test-log.ts";
export {
  cosignNote,
  createTestWitnessKey,
  startTestWitness,
  type TestWitness,
  type TestWitnessOptions,
} from "./test-witness.ts";
