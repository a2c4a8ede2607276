import type { DurableDirectory } from "@carrara/files";
import { expect, test } from "vitest";
import { createFileStore } from "./file-store.ts";
import { createMemoryDirectory } from "./memory-directory.ts";

/** A directory that counts what waits for the disk: a write flushes its file, a sync the directory. */
function countingDirectory(): DurableDirectory & { flushes(): number } {
  const inner = createMemoryDirectory();
  let flushes = 0;
  return {
    ...inner,
    write: async (name, bytes) => {
      flushes += 1;
      await inner.write(name, bytes);
    },
    sync: async () => {
      flushes += 1;
      await inner.sync();
    },
    flushes: () => flushes,
  };
}

test("a commit costs five flushes, and asking for the version none", async () => {
  const directory = countingDirectory();
  const store = createFileStore(directory);
  const part = new Uint8Array([1]);
  let version = await store.commit(undefined, { data: part, key: part, witness: part });
  const before = directory.flushes();
  for (let i = 0; i < 10; i += 1) {
    version = await store.commit(version, { data: part, key: part, witness: new Uint8Array([i]) });
    expect(await store.version()).toBe(version);
  }
  expect(directory.flushes() - before).toBe(50);
});
