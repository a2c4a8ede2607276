import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import type { DurableDirectory } from "./durable-directory.ts";
import { createFileStore, openFileStore } from "./file-store.ts";
import { createMemoryDirectory } from "./memory-directory.ts";
import { sealDataKey, sealState } from "./sealing.ts";
import type { SealedPair } from "./state-store.ts";
import { unsealStore } from "./unseal.ts";

const sealingKey = new Uint8Array(randomBytes(32));
const getSealingKey = async () => sealingKey;
const slot = sealDataKey(new Uint8Array(randomBytes(32)), "product", sealingKey);
const otherSlot = sealDataKey(new Uint8Array(randomBytes(32)), "product", sealingKey);

function pairOf(text: string, under = slot): SealedPair {
  return sealState(under, utf8("null"), utf8(text));
}

async function textIn(files: Map<string, Uint8Array>): Promise<string> {
  const unsealed = await unsealStore(createFileStore(createMemoryDirectory(files)), getSealingKey);
  return unsealed.kind === "open" ? new TextDecoder().decode(unsealed.plain) : unsealed.kind;
}

/** A directory whose power goes after `steps` operations; the last write may be half done. */
function failingDirectory(files: Map<string, Uint8Array>, steps: number): DurableDirectory {
  const inner = createMemoryDirectory(files);
  let left = steps;
  const step = async (run: () => Promise<void>, half?: () => Promise<void>) => {
    if (left === 0) {
      await half?.();
      throw new TypeError("power lost");
    }
    left -= 1;
    await run();
  };
  return {
    read: inner.read,
    write: async (name, bytes) =>
      await step(
        async () => await inner.write(name, bytes),
        async () => await inner.write(name, bytes.subarray(0, bytes.length / 2)),
      ),
    rename: async (from, to) => await step(async () => await inner.rename(from, to)),
    remove: async (name) => await step(async () => await inner.remove(name)),
    sync: async () => await step(inner.sync),
  };
}

const COMMIT_STEPS = 6;

describe("a commit that is cut off", () => {
  for (const [what, next] of [
    ["the same key", pairOf("new")],
    ["a new key", pairOf("new", otherSlot)],
  ] as const) {
    test(`leaves the old or the new state at every step, with ${what}`, async () => {
      for (let steps = 0; steps < COMMIT_STEPS; steps += 1) {
        const files = new Map<string, Uint8Array>();
        await createFileStore(createMemoryDirectory(files)).commit(pairOf("old"));
        const store = createFileStore(failingDirectory(files, steps));
        await expect(store.commit(next)).rejects.toThrow("power lost");
        expect(await textIn(files), `cut off after ${steps} steps`).toBe(steps < 4 ? "old" : "new");
        expect([...files.keys()].sort()).toEqual(["sealed_data", "sealed_key"]);
        expect(await textIn(files)).toBe(steps < 4 ? "old" : "new");
      }
    });
  }

  test("leaves nothing, or the state, when it was the first", async () => {
    for (let steps = 0; steps <= COMMIT_STEPS; steps += 1) {
      const files = new Map<string, Uint8Array>();
      const store = createFileStore(failingDirectory(files, steps));
      const outcome = await store.commit(pairOf("first")).then(
        () => "done",
        () => "cut off",
      );
      expect(outcome).toBe(steps === COMMIT_STEPS ? "done" : "cut off");
      expect(await textIn(files)).toBe(steps < 4 ? "empty" : "first");
    }
  });

  test("over a locked store leaves it locked, or the new state", async () => {
    for (let steps = 0; steps < COMMIT_STEPS; steps += 1) {
      const files = new Map<string, Uint8Array>();
      await createFileStore(createMemoryDirectory(files)).commit(pairOf("old"));
      files.delete("sealed_key");
      const store = createFileStore(failingDirectory(files, steps));
      await expect(store.commit(pairOf("new", otherSlot))).rejects.toThrow("power lost");
      expect(await textIn(files)).toBe(steps < 4 ? "locked" : "new");
    }
  });

  test("can itself be ended in a start that is cut off", async () => {
    for (let commitSteps = 0; commitSteps < COMMIT_STEPS; commitSteps += 1) {
      for (let startSteps = 0; startSteps < 5; startSteps += 1) {
        const files = new Map<string, Uint8Array>();
        await createFileStore(createMemoryDirectory(files)).commit(pairOf("old"));
        await createFileStore(failingDirectory(files, commitSteps))
          .commit(pairOf("new"))
          .catch(() => undefined);
        const starting = createFileStore(failingDirectory(files, startSteps));
        await unsealStore(starting, getSealingKey).catch(() => undefined);
        expect(await textIn(files)).toBe(commitSteps < 4 ? "old" : "new");
      }
    }
  });

  test("whose renames reached the disk in the other order leaves the new state", async () => {
    const files = new Map<string, Uint8Array>();
    const next = pairOf("new");
    files.set("sealed_data", pairOf("old").data);
    files.set("sealed_data.new", next.data);
    files.set("sealed_key", next.key);
    expect(await textIn(files)).toBe("new");
    expect([...files.keys()].sort()).toEqual(["sealed_data", "sealed_key"]);
  });
});

describe("a store", () => {
  async function committed(): Promise<Map<string, Uint8Array>> {
    const files = new Map<string, Uint8Array>();
    const store = createFileStore(createMemoryDirectory(files));
    await store.commit(pairOf("old"));
    files.set("stale_key", files.get("sealed_key") ?? new Uint8Array());
    await store.commit(pairOf("state"));
    return files;
  }

  test("without sealed_key is locked", async () => {
    const files = await committed();
    files.delete("sealed_key");
    expect(await textIn(files)).toBe("locked");
  });

  test("of another machine is locked", async () => {
    const files = await committed();
    const store = createFileStore(createMemoryDirectory(files));
    const other = async () => new Uint8Array(32);
    expect(await unsealStore(store, other)).toMatchObject({ kind: "locked" });
  });

  test("with an older sealed_key beside newer data is locked", async () => {
    const files = await committed();
    files.set("sealed_key", files.get("stale_key") ?? new Uint8Array());
    expect(await textIn(files)).toBe("locked");
  });

  test("with a key whose data is gone is refused with STATE_TAMPERED, not started anew", async () => {
    const files = await committed();
    files.delete("sealed_data");
    await expect(textIn(files)).rejects.toMatchObject({ code: "STATE_TAMPERED" });
  });

  test("with changed or cut off data is refused with STATE_TAMPERED", async () => {
    for (const change of [
      (data: Uint8Array) => data.map((byte, i) => (i === data.length - 1 ? byte ^ 1 : byte)),
      (data: Uint8Array) => data.subarray(0, -1),
      () => new Uint8Array(0),
    ]) {
      const files = await committed();
      files.set("sealed_data", change(files.get("sealed_data") ?? new Uint8Array()));
      await expect(textIn(files)).rejects.toMatchObject({
        name: "CoordinatorError",
        code: "STATE_TAMPERED",
      });
    }
  });
});

describe("a directory on disk", () => {
  test("is closed to others, and so are its files", async () => {
    const parent = await mkdtemp(join(tmpdir(), "carrara-store-"));
    try {
      const path = join(parent, "state");
      const store = await openFileStore(path);
      await chmod(path, 0o755);
      await store.commit(pairOf("state"));
      const again = await openFileStore(path);
      expect(await unsealStore(again, getSealingKey)).toMatchObject({ kind: "open" });
      expect((await stat(path)).mode & 0o777).toBe(0o700);
      expect((await readdir(path)).sort()).toEqual(["sealed_data", "sealed_key"]);
      for (const name of await readdir(path)) {
        expect((await stat(join(path, name))).mode & 0o777).toBe(0o600);
      }
    } finally {
      await rm(parent, { recursive: true });
    }
  });
});
