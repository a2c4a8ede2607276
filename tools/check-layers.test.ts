import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkLayers } from "./check-layers.ts";

/** Keeps this file's fixtures from being read as imports of this file. */
const from = (specifier: string) => `import { x } ${"from"} "${specifier}";\n`;

describe("checkLayers", () => {
  let root = "";

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "layers-"));
    for (const name of ["encoding", "pki", "attestation", "manifest", "client", "cli"]) {
      await room(`packages/${name}`, name);
    }
    await room("apps/shop", "shop");
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  async function put(path: string, text: string): Promise<void> {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  async function room(dir: string, name: string, more: object = {}): Promise<void> {
    const file = { name: `@carrara/${name}`, exports: { ".": {}, "./testing": {} }, ...more };
    await put(`${dir}/package.json`, JSON.stringify(file));
    await put(`${dir}/src/index.ts`, "export const x = 1;\n");
  }

  test("a house without faults passes", async () => {
    await put("packages/cli/src/run.ts", from("@carrara/client") + from("node:fs"));
    await put("apps/shop/src/main.ts", from("@carrara/cli") + from("./x.ts"));
    await put(
      "packages/pki/src/x.test.ts",
      from("node:crypto") + from("@carrara/encoding/testing"),
    );
    expect(await checkLayers(root)).toEqual([]);
  });

  test.each([
    ["an import of a higher room", "packages/pki/src/x.ts", "@carrara/cli", "may not use cli"],
    [
      "a test's import of a higher room",
      "packages/pki/src/x.test.ts",
      "@carrara/cli",
      "may not use",
    ],
    [
      "a neighbour in the same row",
      "packages/manifest/src/x.ts",
      "@carrara/attestation",
      "not below",
    ],
    ["an app used by a room", "packages/cli/src/x.ts", "@carrara/shop", "may not use apps/shop"],
    [
      "a deep import",
      "packages/cli/src/x.ts",
      "@carrara/client/src/index.ts",
      "reaches into client",
    ],
    [
      "a relative path out of the room",
      "packages/cli/src/x.ts",
      "../../client/src/index.ts",
      "reaches out",
    ],
    ["a room that does not exist", "packages/cli/src/x.ts", "@carrara/attic", "no room"],
    ["a Node module on the ground floor", "packages/manifest/src/x.ts", "node:fs", "ground floor"],
    ["a Node module without prefix", "packages/encoding/src/x.ts", "crypto", "ground floor"],
  ])("%s is a fault", async (_, file, specifier, message) => {
    await put(file, from(specifier));
    const faults = await checkLayers(root);
    expect(faults).toEqual([{ file, message: expect.stringContaining(message) }]);
  });

  test.each([
    `export * ${"from"} "@carrara/cli";`,
    `export { x } ${"from"} '@carrara/cli';`,
    `const x = await ${"import"}("@carrara/cli");`,
    `${"import"} "@carrara/cli";`,
    `import {\n  x,\n} ${"from"} "@carrara/cli";`,
    `type X = typeof ${"import"}("@carrara/cli");`,
  ])("sees %s", async (source) => {
    await put("packages/pki/src/x.ts", source);
    expect(await checkLayers(root)).toHaveLength(1);
  });

  test.each(["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"])(
    "a higher room among %s is a fault",
    async (kind) => {
      await room("packages/client", "client", { [kind]: { "@carrara/cli": "0.1.0" } });
      const faults = await checkLayers(root);
      expect(faults).toEqual([
        {
          file: "packages/client/package.json",
          message: expect.stringContaining("may not use cli"),
        },
      ]);
    },
  );

  test("a folder that is no room is a fault", async () => {
    await room("packages/attic", "attic");
    const faults = await checkLayers(root);
    expect(faults).toEqual([
      { file: "packages/attic/package.json", message: expect.stringContaining("no room") },
    ]);
  });
});
