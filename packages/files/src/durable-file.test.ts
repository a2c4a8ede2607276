import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDurableDirectory } from "./durable-directory.ts";
import { createFile, replaceFile } from "./durable-file.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-files-"));
});
afterEach(async () => await rm(dir, { recursive: true }));

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe("a file", () => {
  test("is replaced as a whole, for its owner alone, and leaves no draft", async () => {
    const path = join(dir, "file");
    await writeFile(path, "before", { mode: 0o644 });
    await replaceFile(path, "after");
    expect(await readFile(path, "utf8")).toBe("after");
    expect(await modeOf(path)).toBe(0o600);
    expect(await readdir(dir)).toEqual(["file"]);
  });

  test("that cannot be replaced leaves no draft either", async () => {
    await expect(replaceFile(dir, "x")).rejects.toMatchObject({ code: "EISDIR" });
    await expect(replaceFile(join(dir, "none", "file"), "x")).rejects.toMatchObject({
      code: "ENOENT",
    });
    expect(await readdir(dir)).toEqual([]);
  });

  test("is created once, whoever else tries", async () => {
    const path = join(dir, "file");
    const made = await Promise.all(["a", "b", "c"].map((text) => createFile(path, text)));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await readFile(path, "utf8")).toBe(["a", "b", "c"][made.indexOf(true)]);
    expect(await modeOf(path)).toBe(0o600);
    expect(await readdir(dir)).toEqual(["file"]);
  });
});

describe("a durable directory", () => {
  test("is its owner's alone, and so are its files", async () => {
    const path = join(dir, "state");
    const files = await openDurableDirectory(path, { maxBytes: 4 });
    await files.write("a.new", Uint8Array.of(1, 2, 3));
    await files.rename("a.new", "a");
    await files.sync();
    expect(await files.read("a")).toEqual(Uint8Array.of(1, 2, 3));
    expect(await modeOf(path)).toBe(0o700);
    expect(await modeOf(join(path, "a"))).toBe(0o600);
    await files.remove("a");
    await files.remove("a");
    expect(await files.read("a")).toBeUndefined();
  });

  test("reads no file that is larger than was said", async () => {
    const files = await openDurableDirectory(dir, { maxBytes: 4 });
    await files.write("large", new Uint8Array(5));
    await expect(files.read("large")).rejects.toThrow(RangeError);
  });
});
