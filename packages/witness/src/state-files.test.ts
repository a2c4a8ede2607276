import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "@carrara/encoding";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStateDirectory } from "./state-files.ts";

let dir: string;

beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), "carrara-witness-")), "state");
});
afterEach(async () => await rm(join(dir, ".."), { recursive: true }));

describe("a state directory", () => {
  test("is its owner's alone, and so are its files", async () => {
    const files = await openStateDirectory(dir);
    await files.write("a.new", utf8("a"));
    await files.rename("a.new", "a");
    await files.sync();
    expect(await files.read("a")).toEqual(utf8("a"));
    expect(await files.read("b")).toBeUndefined();
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect((await stat(join(dir, "a"))).mode & 0o777).toBe(0o600);
    await files.close();
    expect(await readdir(dir)).toEqual(["a"]);
  });

  test("that cannot be one is refused with WITNESS_STATE_UNWRITABLE", async () => {
    await writeFile(dir, "a file");
    await expect(openStateDirectory(dir)).rejects.toMatchObject({
      name: "WitnessError",
      code: "WITNESS_STATE_UNWRITABLE",
    });
  });

  test("serves one witness at a time", async () => {
    const first = await openStateDirectory(dir);
    await expect(openStateDirectory(dir)).rejects.toMatchObject({
      name: "WitnessError",
      code: "WITNESS_STATE_LOCKED",
    });
    await first.close();
    await first.close();
    await (await openStateDirectory(dir)).close();
  });

  test("of many witnesses that want it lets one in", async () => {
    const all = await Promise.allSettled(
      Array.from({ length: 8 }, async () => await openStateDirectory(dir)),
    );
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});
