import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createStoreOver } from "./store/file-store.ts";
import { createMemoryFiles } from "./testing/memory-files.ts";
import { appendGroups, openTestLedger } from "./testing/test-ledger.ts";

test("a proof whose tile is read while groups are committed is that of its own size", async () => {
  const files = createMemoryFiles(new Map());
  const slow = {
    ...files,
    read: async (...args: Parameters<typeof files.read>) => {
      await sleep(20);
      return await files.read(...args);
    },
  };
  const ledger = await openTestLedger(new Map(), { store: createStoreOver(slow) });
  // The first ballot lies in a full volume, and the right edge ends within a tile.
  await appendGroups(ledger, 0, 519, 64);
  const before = await ledger.proof(0);
  const proof = ledger.proof(0);
  await appendGroups(ledger, 519, 600, 9);
  expect(await proof).toEqual(before);
  expect(await ledger.proof(0, 519)).toEqual(before);
  await ledger.close();
});
