import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockStateDir } from "./state-lock.ts";

describe("lockStateDir", () => {
  let dir = "";

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "state-lock-"));
  });
  afterEach(async () => {
    await rm(dir, { recursive: true });
  });

  test("creates the directory for its owner only", async () => {
    const lock = await lockStateDir(join(dir, "a", "b"));
    expect((await stat(join(dir, "a", "b"))).mode & 0o777).toBe(0o700);
    await lock.release();
  });

  test("lets one in at a time and leaves nothing behind", async () => {
    const lock = await lockStateDir(dir);
    await expect(lockStateDir(dir)).rejects.toMatchObject({
      name: "CliError",
      code: "STATE_LOCKED",
    });
    await lock.release();
    await lock.release();
    await (await lockStateDir(dir)).release();
    expect(await readdir(dir)).toEqual([]);
  });

  test("lets exactly one of many in", async () => {
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockStateDir(dir)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("takes over the lock of a process that is gone", async () => {
    const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
    await once(child, "exit");
    await writeFile(join(dir, "lock"), `${child.pid} 1\n`);
    const lock = await lockStateDir(dir);
    await expect(lockStateDir(dir)).rejects.toMatchObject({ code: "STATE_LOCKED" });
    await lock.release();
  });

  test("takes over a lock whose process id went to another process", async () => {
    await writeFile(join(dir, "lock"), `${process.pid} 1\n`);
    await (await lockStateDir(dir)).release();
  });

  test("takes over a lock that was cut off", async () => {
    await writeFile(join(dir, "lock"), "");
    await (await lockStateDir(dir)).release();
  });
});
