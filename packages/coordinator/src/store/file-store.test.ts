import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "@carrara/encoding";
import type { DurableDirectory } from "@carrara/files";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFileStore, openFileStore } from "./file-store.ts";
import { createMemoryDirectory } from "./memory-directory.ts";
import { sealDataKey, sealState } from "./sealing.ts";
import type { SealedState, StateStore } from "./state-store.ts";
import { unsealState } from "./unseal.ts";

const sealingKey = new Uint8Array(randomBytes(32));
const getSealingKey = async () => sealingKey;
const slot = sealDataKey(new Uint8Array(randomBytes(32)), "product", sealingKey);
const otherSlot = sealDataKey(new Uint8Array(randomBytes(32)), "product", sealingKey);

const NUMBERS = { old: 1, new: 2, first: 1, state: 2 } as const;

function sealed(text: keyof typeof NUMBERS, under = slot): SealedState {
  const content = { recoveryData: utf8("null"), plain: utf8(text), number: NUMBERS[text] };
  return sealState({ slot: under, wrappingKey: sealingKey, ...content });
}

function storeOver(files: Map<string, Uint8Array>): StateStore {
  return createFileStore(createMemoryDirectory(files));
}

async function commitTo(store: StateStore, text: keyof typeof NUMBERS, under = slot) {
  return await store.commit(await store.version(), sealed(text, under));
}

async function textIn(files: Map<string, Uint8Array>): Promise<string> {
  const stored = await storeOver(files).read();
  if (stored === undefined) return "empty";
  const unsealed = await unsealState(stored, getSealingKey);
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
    remove: async (name) => {
      // Nothing to remove is nothing to fail at.
      if (files.has(name)) await step(async () => await inner.remove(name));
    },
    sync: async () => await step(inner.sync),
  };
}

/** Three writes, a flush, three renames, a flush. */
const COMMIT_STEPS = 8;
/** Steps after which the record is in place. */
const COMMITTED = 5;
const FILES = ["sealed_data", "sealed_key", "sealed_version"];
const CUT_OFF = { name: "CoordinatorError", code: "STORE_FAILED" };

describe("a commit that is cut off", () => {
  for (const [what, under] of [
    ["the same key", slot],
    ["a new key", otherSlot],
  ] as const) {
    test(`leaves the old or the new state at every step, with ${what}`, async () => {
      for (let steps = 0; steps < COMMIT_STEPS; steps += 1) {
        const files = new Map<string, Uint8Array>();
        await commitTo(storeOver(files), "old");
        const store = createFileStore(failingDirectory(files, steps));
        await expect(commitTo(store, "new", under)).rejects.toMatchObject(CUT_OFF);
        const expected = steps < COMMITTED ? "old" : "new";
        expect(await textIn(files), `cut off after ${steps} steps`).toBe(expected);
        expect([...files.keys()].sort()).toEqual(FILES);
        expect(await textIn(files)).toBe(expected);
      }
    });
  }

  test("leaves nothing, or the state, when it was the first", async () => {
    for (let steps = 0; steps <= COMMIT_STEPS; steps += 1) {
      const files = new Map<string, Uint8Array>();
      const store = createFileStore(failingDirectory(files, steps));
      const outcome = await commitTo(store, "first").then(
        () => "done",
        () => "cut off",
      );
      expect(outcome).toBe(steps === COMMIT_STEPS ? "done" : "cut off");
      expect(await textIn(files)).toBe(steps < 3 ? "empty" : "first");
    }
  });

  test("over a locked store leaves it locked, or the new state", async () => {
    for (let steps = 0; steps < COMMIT_STEPS; steps += 1) {
      const files = new Map<string, Uint8Array>();
      await commitTo(storeOver(files), "old");
      files.delete("sealed_key");
      const store = createFileStore(failingDirectory(files, steps));
      await expect(commitTo(store, "new", otherSlot)).rejects.toMatchObject(CUT_OFF);
      expect(await textIn(files)).toBe(steps < 3 ? "locked" : "new");
    }
  });

  test("can itself be ended in a start that is cut off", async () => {
    for (let commitSteps = 0; commitSteps < COMMIT_STEPS; commitSteps += 1) {
      for (let startSteps = 0; startSteps < 6; startSteps += 1) {
        const files = new Map<string, Uint8Array>();
        await commitTo(storeOver(files), "old");
        await commitTo(createFileStore(failingDirectory(files, commitSteps)), "new").catch(
          () => undefined,
        );
        const starting = createFileStore(failingDirectory(files, startSteps));
        await starting.read().catch(() => undefined);
        expect(await textIn(files)).toBe(commitSteps < COMMITTED ? "old" : "new");
      }
    }
  });

  test("whose renames reached the disk in any order leaves the old or the new state", async () => {
    for (let reached = 0; reached < 8; reached += 1) {
      const files = new Map<string, Uint8Array>();
      await commitTo(storeOver(files), "old");
      const next = new Map<string, Uint8Array>();
      await commitTo(storeOver(next), "new", otherSlot);
      FILES.forEach((name, i) => {
        const isRenamed = (reached & (1 << i)) !== 0;
        files.set(isRenamed ? name : `${name}.new`, next.get(name) ?? new Uint8Array());
      });
      expect(await textIn(files)).toBe(reached === 0 ? "old" : "new");
      expect([...files.keys()].sort()).toEqual(FILES);
    }
  });

  test("is told apart from one that failed for good by the next commit", async () => {
    const files = new Map<string, Uint8Array>();
    const first = await commitTo(storeOver(files), "old");
    const store = createFileStore(failingDirectory(files, COMMITTED));
    await expect(store.commit(first, sealed("new"))).rejects.toMatchObject(CUT_OFF);
    await expect(storeOver(files).commit(first, sealed("state"))).rejects.toMatchObject({
      name: "CoordinatorError",
      code: "STATE_CONFLICT",
    });
    expect(await textIn(files)).toBe("new");
  });
});

describe("a store", () => {
  async function committed(): Promise<Map<string, Uint8Array>> {
    const files = new Map<string, Uint8Array>();
    const store = storeOver(files);
    await commitTo(store, "old");
    for (const name of FILES) files.set(`stale ${name}`, files.get(name) ?? new Uint8Array());
    await commitTo(store, "state");
    return files;
  }

  test("without sealed_key is locked", async () => {
    const files = await committed();
    files.delete("sealed_key");
    expect(await textIn(files)).toBe("locked");
  });

  test("of another machine is locked", async () => {
    const stored = await storeOver(await committed()).read();
    const other = async () => new Uint8Array(32);
    expect(stored && (await unsealState(stored, other))).toMatchObject({ kind: "locked" });
  });

  test.each([
    ["sealed_key"],
    ["sealed_data"],
    ["sealed_version"],
    ["sealed_data", "sealed_key"],
    ["sealed_data", "sealed_version"],
    ["sealed_key", "sealed_version"],
  ])("with older %s %s is refused with STATE_ROLLED_BACK", async (...names) => {
    const files = await committed();
    for (const name of names) files.set(name, files.get(`stale ${name}`) ?? new Uint8Array());
    await expect(textIn(files)).rejects.toMatchObject({
      name: "CoordinatorError",
      code: "STATE_ROLLED_BACK",
    });
  });

  test.each(["sealed_data", "sealed_version"])(
    "without %s is refused with STATE_TAMPERED, not started anew",
    async (name) => {
      const files = await committed();
      files.delete(name);
      await expect(textIn(files)).rejects.toMatchObject({ code: "STATE_TAMPERED" });
    },
  );

  test.each(["sealed_data", "sealed_version"])(
    "with a changed or cut off %s is refused with STATE_TAMPERED",
    async (name) => {
      for (const change of [
        (data: Uint8Array) => data.map((byte, i) => (i === data.length - 1 ? byte ^ 1 : byte)),
        (data: Uint8Array) => data.subarray(0, -1),
        () => new Uint8Array(0),
      ]) {
        const files = await committed();
        files.set(name, change(files.get(name) ?? new Uint8Array()));
        await expect(textIn(files)).rejects.toMatchObject({
          name: "CoordinatorError",
          code: "STATE_TAMPERED",
        });
      }
    },
  );
});

describe("a directory on disk", () => {
  let parent: string;
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "carrara-store-"));
  });
  afterEach(async () => await rm(parent, { recursive: true }));

  test("is closed to others, and so are its files", async () => {
    const path = join(parent, "state");
    const store = await openFileStore(path);
    await chmod(path, 0o755);
    await commitTo(store, "state");
    await store.close();
    await store.close();
    const again = await openFileStore(path);
    const stored = await again.read();
    expect(stored && (await unsealState(stored, getSealingKey))).toMatchObject({ kind: "open" });
    await again.close();
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await readdir(path)).sort()).toEqual(FILES);
    for (const name of await readdir(path)) {
      expect((await stat(join(path, name))).mode & 0o777).toBe(0o600);
    }
  });

  test("belongs to one at a time, which may wait for the other", async () => {
    const store = await openFileStore(parent);
    const waiting = openFileStore(parent);
    await store.close();
    const next = await waiting;
    await expect(openFileStore(parent, 0)).rejects.toMatchObject({
      name: "CoordinatorError",
      code: "STORE_LOCKED",
    });
    await next.close();
  });

  test("that cannot be made is refused with STORE_FAILED", async () => {
    await expect(openFileStore("/dev/null/state")).rejects.toMatchObject({ code: "STORE_FAILED" });
  });
});
