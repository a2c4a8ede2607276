import { readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { parseImage } from "@carrara/tee";
import { afterEach, describe, expect, test } from "vitest";
import { type BuildProgress, buildImages } from "./build-images.ts";
import { configOf, createFixtureApps, type FixtureApp } from "./testing/fixture-app.ts";

const apps = createFixtureApps();
afterEach(async () => {
  await apps.removeAll();
});

const FILES = {
  "enclave.json": configOf({ assets: { dir: "page" }, define: { GREETING: '"hello"' } }),
  "src/main.ts": `
import { assets } from "carrara:assets";
import { count } from "./count.ts";
declare const GREETING: string;
console.log(GREETING, count(assets));`,
  "src/count.ts": `
import { sep } from "node:path";
export function count(map: ReadonlyMap<string, Uint8Array>): string { return map.size + sep; }`,
  "page/index.html": "<title>page</title>",
  "page/assets/a.js": "1",
};

async function build({ dir }: FixtureApp, names?: readonly string[]): Promise<Uint8Array> {
  const outDir = join(dir, "out");
  const built = await buildImages({ appDir: dir, outDir, ...(names && { names }) });
  return new Uint8Array(await readFile(built[0]?.file ?? ""));
}

function bundleOf(image: Uint8Array): string {
  return new TextDecoder().decode(parseImage(image).bundle);
}

describe("a build", () => {
  test("gives the same bytes in another directory", async () => {
    const [one, two] = [await apps.create(FILES), await apps.create(FILES)];
    expect(await build(two)).toEqual(await build(one));
  });

  test("knows nothing of where it was made, of tsconfig files above or of NODE_ENV", async () => {
    const app = await apps.create(FILES);
    const before = await build(app);
    expect(bundleOf(before)).not.toContain(app.dir);
    await app.write("tsconfig.json", '{"compilerOptions":{"target":"es5","jsxFactory":"x"}}');
    expect(await build(app)).toEqual(before);
  });

  test.each([
    ["a byte of the source", "src/count.ts", FILES["src/count.ts"].replace("+ sep", "- sep")],
    ["a byte of an asset", "page/assets/a.js", "2"],
    ["a constant", "enclave.json", FILES["enclave.json"].replace("hello", "hallo")],
    ["the security version", "enclave.json", FILES["enclave.json"].replace(":2", ":3")],
  ])("gives other bytes with another %s", async (_, path, content) => {
    const app = await apps.create(FILES);
    const before = await build(app);
    await app.write(path, content);
    expect(await build(app)).not.toEqual(before);
  });

  test("says what an app outside of every repository lacks", async () => {
    const app = await apps.create({ ...FILES, "enclave.json": configOf({ kind: "marble" }) });
    await rm(join(app.dir, "node_modules"), { recursive: true });
    await expect(build(app)).rejects.toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringContaining("depends on @carrara/marble"),
    });
  });

  test("says where it is", async () => {
    const { dir } = await apps.create(FILES);
    const steps: BuildProgress[] = [];
    await buildImages({ appDir: dir, outDir: join(dir, "out"), onProgress: (p) => steps.push(p) });
    expect(steps.map(({ step }) => step)).toEqual(["assets", "bundle", "done"]);
  });

  test("makes assets first by a program of the app, in a production environment", async () => {
    const app = await apps.create({
      ...FILES,
      "enclave.json": configOf({ assets: { dir: "made", command: ["make-page", "x y"] } }),
      "node_modules/.bin/make-page": `#!/usr/bin/env node
const fs = require("node:fs");
fs.mkdirSync("made", { recursive: true });
fs.writeFileSync("made/made.txt", [...process.argv.slice(2), process.env.NODE_ENV, process.env.HOME].join());`,
      "src/main.ts": 'import { assets } from "carrara:assets"; console.log(assets);',
    });
    const made = Buffer.from("x y,production,").toString("base64");
    expect(bundleOf(await build(app))).toMatch(new RegExp(`"made.txt", ?"${made}"`));
  });

  test("does not read assets that another build of the app is making", async () => {
    const app = await apps.create({
      ...FILES,
      "enclave.json": configOf({ assets: { dir: "made", command: ["make-page", "x"] } }),
      "node_modules/.bin/make-page": `#!/usr/bin/env node
const fs = require("node:fs");
fs.rmSync("made", { recursive: true, force: true });
setTimeout(() => {
  fs.mkdirSync("made");
  fs.writeFileSync("made/made.txt", "all of it");
}, 200);`,
    });
    const buildTo = async (out: string): Promise<Uint8Array> => {
      const outDir = join(app.dir, out);
      const [built] = await buildImages({ appDir: app.dir, outDir });
      return new Uint8Array(await readFile(built?.file ?? ""));
    };
    const [one, two] = await Promise.all([buildTo("one"), buildTo("two")]);
    expect(two).toEqual(one);
  });

  test.each([
    ["that fails", "#!/usr/bin/env node\nconsole.error('no page'); process.exit(4)", /4:\nno page/],
    ["that is missing", undefined, /not in node_modules/],
  ])("with a program %s is refused with ASSETS_COMMAND_FAILED", async (_, program, message) => {
    const app = await apps.create({
      ...FILES,
      "enclave.json": configOf({ assets: { dir: "made", command: ["carrara-test-page"] } }),
      ...(program === undefined ? {} : { "node_modules/.bin/carrara-test-page": program }),
    });
    await expect(build(app)).rejects.toMatchObject({
      name: "ImageError",
      code: "ASSETS_COMMAND_FAILED",
      message: expect.stringMatching(message),
    });
  });

  test("refuses a link among the assets with ASSETS_INVALID", async () => {
    const app = await apps.create(FILES);
    await symlink("/etc/hostname", join(app.dir, "page/link"));
    await expect(build(app)).rejects.toMatchObject({ code: "ASSETS_INVALID" });
  });

  test("refuses an assets folder that is missing with ASSETS_INVALID", async () => {
    const config = configOf({ assets: { dir: "nothing" }, define: { GREETING: "1" } });
    const app = await apps.create({ ...FILES, "enclave.json": config });
    await expect(build(app)).rejects.toMatchObject({ code: "ASSETS_INVALID" });
  });

  test.each([
    ["source that does not compile", "const = 1"],
    ["an import that is missing", 'import "./missing.ts";'],
    ["assets that the image does not have", 'import { assets } from "carrara:assets"; assets;'],
  ])("refuses %s with BUILD_FAILED", async (_, source) => {
    const app = await apps.create({ "enclave.json": configOf({}), "src/main.ts": source });
    await expect(build(app)).rejects.toMatchObject({ name: "ImageError", code: "BUILD_FAILED" });
  });

  test("refuses an image that is not in enclave.json with IMAGE_UNKNOWN", async () => {
    await expect(build(await apps.create(FILES), ["other"])).rejects.toMatchObject({
      code: "IMAGE_UNKNOWN",
    });
  });

  test("refuses variables that steer the runtime with IMAGE_MALFORMED", async () => {
    const config = configOf({ env: { NODE_OPTIONS: "--inspect" } });
    const app = await apps.create({ "enclave.json": config, "src/main.ts": "console.log(1)" });
    await expect(build(app)).rejects.toMatchObject({ name: "TeeError", code: "IMAGE_MALFORMED" });
  });

  test("stops where it is when it is not wanted any more", async () => {
    const { dir } = await apps.create(FILES);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(buildImages({ appDir: dir, outDir: join(dir, "out"), signal })).rejects.toThrow(
      "enough",
    );
  });
});
