import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { layerViolations } from "./check-layers.ts";

const dirs: string[] = [];

/** A workspace with the rooms encoding, pki and tee, and `files` on top. */
function workspace(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "carrara-layers-"));
  dirs.push(root);
  const rooms = ["encoding", "pki", "tee"].map((name) => [`packages/${name}/package.json`, "{}"]);
  for (const [path = "", content = ""] of [...rooms, ...Object.entries(files)]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

describe("the layer check", () => {
  test("accepts imports of rooms below", () => {
    const root = workspace({
      "packages/pki/src/a.ts": 'import { der } from "@carrara/encoding";\nimport "./b.ts";',
      "packages/tee/src/a.ts":
        'import { readFile } from "node:fs";\nimport { x } from "@carrara/pki";',
      "packages/pki/src/a.test.ts": 'import { X509Certificate } from "node:crypto";',
    });
    expect(layerViolations(root)).toEqual([]);
  });

  test.each([
    [
      "an import of a room above",
      "packages/encoding/src/a.ts",
      'import { x } from "@carrara/pki";',
      "not below",
    ],
    [
      "a type import of a room above",
      "packages/pki/src/a.ts",
      'import type { Tee } from "@carrara/tee";',
      "not below",
    ],
    [
      "a dynamic import of a room above",
      "packages/pki/src/a.ts",
      'await import("@carrara/tee");',
      "not below",
    ],
    [
      "an export from a room above",
      "packages/pki/src/a.ts",
      'export { x } from "@carrara/tee";',
      "not below",
    ],
    [
      "a deep import",
      "packages/tee/src/a.ts",
      'import { x } from "@carrara/pki/src/x.ts";',
      "reaches into",
    ],
    [
      "a relative path into a sibling",
      "packages/tee/src/a.ts",
      'import { x } from "../../pki/src/x.ts";',
      "leaves",
    ],
    [
      "node: on the ground floor",
      "packages/pki/src/a.ts",
      'import { sign } from "node:crypto";',
      "ground floor",
    ],
    [
      "a dependency on a room above",
      "packages/pki/package.json",
      '{"dependencies":{"@carrara/tee":"0.1.0"}}',
      "depends on",
    ],
    ["a room without a place", "packages/attic/package.json", "{}", "no place"],
  ])("refuses %s", (_, path, content, reason) => {
    const violations = layerViolations(workspace({ [path]: content }));
    expect(violations).toHaveLength(1);
    expect(violations[0]).toContain(reason);
  });
});
