import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Rooms that say what they are for. */
const ROOMS = readdirSync(join(ROOT, "packages"))
  .map((name) => join(ROOT, "packages", name))
  .filter((room) => existsSync(join(room, "README.md")));

test.each(ROOMS)("%s names only files and folders that are there", (room) => {
  const page = readFileSync(join(room, "README.md"), "utf8");
  const named = [...page.matchAll(/`(src\/[\w./-]+|proto)`/g)].map(([, path = ""]) => path);
  expect(named.filter((path) => !existsSync(join(room, path)))).toEqual([]);
});

test("most rooms say what they are for", () => {
  expect(ROOMS.length).toBeGreaterThanOrEqual(10);
});
