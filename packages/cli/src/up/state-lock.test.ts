import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
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
    const unlock = await lockStateDir(join(dir, "a", "b"));
    expect((await stat(join(dir, "a", "b"))).mode & 0o777).toBe(0o700);
    await unlock();
  });

  test("lets one in at a time and leaves nothing behind", async () => {
    const unlock = await lockStateDir(dir);
    await expect(lockStateDir(dir)).rejects.toMatchObject({
      name: "CliError",
      code: "STATE_LOCKED",
    });
    await unlock();
    await (await lockStateDir(dir))();
    expect(await readdir(dir)).toEqual([]);
  });
});
