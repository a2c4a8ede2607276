import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockDirectory, lockSharedDirectory } from "./directory-lock.ts";
import { listenForInode } from "./lock-socket.ts";

const PROGRAM = fileURLToPath(new URL("testing/hold-directory.ts", import.meta.url));
/** Namespaces of its own, as a container has: user, network, process ids. */
const CONTAINER = [
  "unshare",
  "--user",
  "--map-root-user",
  "--net",
  "--pid",
  "--fork",
  "--kill-child",
] as const;
const hasContainers = spawnSync(CONTAINER[0], [...CONTAINER.slice(1), "true"]).status === 0;

let dir: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-files-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(dir, { recursive: true });
});

/** Another process that tries to hold `dir`, and what it said. */
async function holder(
  prefix: readonly string[] = [],
  reach: "shared" | "here" = "shared",
): Promise<[ChildProcess, string]> {
  const program = [process.execPath, "--import", "tsx", PROGRAM, dir, reach];
  const [command = "", ...args] = [...prefix, ...program];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  const [said] = await once(child.stdout, "data");
  return [child, String(said).trim()];
}

describe("a shared directory", () => {
  test("is held by one at a time, and nothing is left behind", async () => {
    const unlock = await lockSharedDirectory(dir);
    expect(await lockSharedDirectory(dir)).toBeUndefined();
    await unlock?.();
    await unlock?.();
    await (await lockSharedDirectory(dir))?.();
    expect(await readdir(dir)).toEqual([]);
  });

  test("is held by exactly one of many that want it at once", async () => {
    for (let round = 0; round < 20; round += 1) {
      const unlocks = await Promise.all(Array.from({ length: 8 }, () => lockSharedDirectory(dir)));
      expect(unlocks.filter((unlock) => unlock !== undefined)).toHaveLength(1);
      // Now and then the next round finds a name whose process is gone.
      if (round % 2 === 0) await writeFile(join(dir, `lock.${round + 7}`), "");
      for (const unlock of unlocks) await unlock?.();
    }
    expect((await readdir(dir)).length).toBeLessThan(2);
  });

  test("may be waited for", async () => {
    const unlock = await lockSharedDirectory(dir);
    const waiting = lockSharedDirectory(dir, 5_000);
    await unlock?.();
    await (await waiting)?.();
    await expect(waiting).resolves.toBeDefined();
  });

  test("of any length of name can be held", async () => {
    const deep = join(dir, "d".repeat(120), "e".repeat(120));
    await mkdir(deep, { recursive: true });
    const unlock = await lockSharedDirectory(deep);
    expect(await lockSharedDirectory(deep)).toBeUndefined();
    await unlock?.();
    expect(await readdir(deep)).toEqual([]);
  });

  test("that is none is a system's error", async () => {
    await expect(lockSharedDirectory(join(dir, "none"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("is free when its process is killed, and held while it is stopped", async () => {
    const [child, said] = await holder();
    expect(said).toBe("held");
    child.kill("SIGSTOP");
    expect(await lockSharedDirectory(dir)).toBeUndefined();
    child.kill("SIGKILL");
    await once(child, "exit");
    const unlock = await lockSharedDirectory(dir);
    expect(unlock).toBeDefined();
    await unlock?.();
    expect(await readdir(dir)).toEqual([]);
  });

  test.skipIf(!hasContainers)("is seen to be held from another container", async () => {
    const unlock = await lockSharedDirectory(dir);
    expect((await holder(CONTAINER))[1]).toBe("refused");
    await unlock?.();
    expect((await holder(CONTAINER))[1]).toBe("held");
    expect(await lockSharedDirectory(dir)).toBeUndefined();
  });

  test("on a file system without sockets has an abstract name", async (context) => {
    context.skip(process.platform !== "linux", "an abstract name is Linux's");
    const server = await listenForInode(dir);
    expect(await listenForInode(dir)).toBeUndefined();
    server?.close();
  });
});

describe("a directory", () => {
  test("is held by one at a time, and shows nothing of it to who copies it", async () => {
    const unlock = await lockDirectory(dir);
    expect(await lockDirectory(dir)).toBeUndefined();
    expect((await holder([], "here"))[1]).toBe("refused");
    if (process.platform === "linux") expect(await readdir(dir)).toEqual([]);
    await unlock?.();
    await unlock?.();
    await (await lockDirectory(dir))?.();
  });

  test("is free when its process is killed, and held while it is stopped", async () => {
    const [child, said] = await holder([], "here");
    expect(said).toBe("held");
    child.kill("SIGSTOP");
    expect(await lockDirectory(dir)).toBeUndefined();
    child.kill("SIGKILL");
    await once(child, "exit");
    const unlock = await lockDirectory(dir, 1_000);
    expect(unlock).toBeDefined();
    await unlock?.();
  });

  test("that is none is a system's error", async () => {
    await expect(lockDirectory(join(dir, "none"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
