import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { BUILD_INFO } from "./build-info.ts";

test("the version is the package's", async () => {
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  expect(BUILD_INFO.version).toBe(JSON.parse(text).version);
  expect(BUILD_INFO.commit).toMatch(/^[0-9a-f]{40}$/);
});
