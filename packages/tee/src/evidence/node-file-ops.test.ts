import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "@carrara/encoding";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FileOps } from "./file-ops.ts";
import { createNodeFileOps } from "./node-file-ops.ts";

describe("the calls of node:fs", () => {
  let root: string;
  let ops: FileOps;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "carrara-files-"));
    ops = createNodeFileOps(root);
  });

  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  test("read on from where the last read ended, to a count of 0", async () => {
    await writeFile(`${root}/a`, "abcde");
    const file = await ops.open("/a", "read");
    const into = new Uint8Array(3);
    expect(await file.read(into)).toBe(3);
    expect(await file.read(into)).toBe(2);
    expect(new TextDecoder().decode(into)).toBe("dec");
    expect(await file.read(into)).toBe(0);
    await file.close();
  });

  test("write at the start of what is there, and cut nothing", async () => {
    await writeFile(`${root}/a`, "abcde");
    const file = await ops.open("/a", "write");
    expect(await file.write(utf8("XY"))).toBe(2);
    await file.close();
    expect(await readFile(`${root}/a`, "utf8")).toBe("XYcde");
  });

  test("make and remove directories", async () => {
    await ops.mkdir("/d");
    await expect(ops.mkdir("/d")).rejects.toMatchObject({ code: "EEXIST" });
    await ops.rmdir("/d");
    await expect(ops.rmdir("/d")).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("make no file, and go one way only", async () => {
    await expect(ops.open("/a", "write")).rejects.toMatchObject({ code: "ENOENT" });
    await writeFile(`${root}/a`, "a");
    const reader = await ops.open("/a", "read");
    await expect(reader.write(utf8("b"))).rejects.toMatchObject({ code: "EBADF" });
    await reader.close();
    const writer = await ops.open("/a", "write");
    await expect(writer.read(new Uint8Array(1))).rejects.toMatchObject({ code: "EBADF" });
    await writer.close();
  });
});
