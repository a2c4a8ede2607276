import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { equalBytes } from "@carrara/encoding";
import { parseImage } from "@carrara/tee";
import { afterEach, describe, expect, test } from "vitest";
import { buildImages, loadOrCreateSigningKey, loadSigningKey } from "./index.ts";

const dirs: string[] = [];
const CONFIG = {
  images: {
    greeter: {
      kind: "plain",
      entry: "src/main.ts",
      productId: 7,
      securityVersion: 2,
      define: { GREETING: '"hello"' },
      assets: { dir: "page" },
    },
  },
};
const SOURCE = `
import { assets } from "carrara:assets";
import { helper } from "./helper.ts";
declare const GREETING: string;
console.log(GREETING, helper(assets.size));
`;

async function app(config: unknown = CONFIG): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "carrara-image-"));
  dirs.push(dir);
  const files: Readonly<Record<string, string>> = {
    "enclave.json": JSON.stringify(config),
    "src/main.ts": SOURCE,
    "src/helper.ts": "export function helper(count: number): string { return String(count); }",
    "page/index.html": "<title>page</title>",
    "page/assets/a.js": "1",
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), content);
  }
  return dir;
}

async function build(dir: string): Promise<Uint8Array> {
  const [image] = await buildImages({ appDir: dir, outDir: join(dir, "out") });
  return image?.bytes ?? new Uint8Array();
}

afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true });
});

describe("buildImages", () => {
  test("gives the same bytes for the same source in two directories", async () => {
    const [one, two] = await Promise.all([build(await app()), build(await app())]);
    expect(equalBytes(one, two)).toBe(true);
  });

  test("gives other bytes when one byte of an asset differs", async () => {
    const changed = await app();
    await writeFile(join(changed, "page/assets/a.js"), "2");
    expect(equalBytes(await build(await app()), await build(changed))).toBe(false);
  });

  test("puts assets, constants and launch settings into the one file it writes", async () => {
    const dir = await app();
    const image = parseImage(await build(dir));
    const text = new TextDecoder().decode(image.bundle);
    expect(text).toContain(Buffer.from("<title>page</title>").toString("base64"));
    expect(text).toContain('"hello"');
    expect(text).not.toContain(dir);
    expect(image.settings).toMatchObject({ productId: 7, securityVersion: 2, debug: false });
    expect(new Uint8Array(await readFile(join(dir, "out/greeter.enclave")))).toEqual(
      await build(dir),
    );
  });

  test.each([
    ["a member that is not known", { images: { a: { ...CONFIG.images.greeter, typo: 1 } } }],
    [
      "an entry outside of the application",
      { images: { a: { ...CONFIG.images.greeter, entry: "../x.ts" } } },
    ],
    [
      "a product id that is too large",
      { images: { a: { ...CONFIG.images.greeter, productId: 65_536 } } },
    ],
  ])("refuses %s with APP_CONFIG_INVALID", async (_, config) => {
    await expect(build(await app(config))).rejects.toMatchObject({ code: "APP_CONFIG_INVALID" });
  });

  test("refuses a name that is not in the configuration with APP_IMAGE_UNKNOWN", async () => {
    const appDir = await app();
    await expect(
      buildImages({ appDir, outDir: join(appDir, "out"), names: ["nobody"] }),
    ).rejects.toMatchObject({ code: "APP_IMAGE_UNKNOWN" });
  });

  test("refuses source that does not compile with BUNDLE_FAILED", async () => {
    const dir = await app();
    await writeFile(join(dir, "src/main.ts"), 'import "./missing.ts";');
    await expect(build(dir)).rejects.toMatchObject({ code: "BUNDLE_FAILED" });
  });
});

describe("the signing key", () => {
  test("is made once with mode 600 and kept", async () => {
    const path = join(await app(), "state/signing-key.pem");
    const [first, second] = await Promise.all([
      loadOrCreateSigningKey(path),
      loadOrCreateSigningKey(path),
    ]);
    expect(first).toBe(second);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await loadOrCreateSigningKey(path)).toBe(first);
  });

  test("is refused with SIGNING_KEY_MODE when others may read it", async () => {
    const path = join(await app(), "key.pem");
    await loadOrCreateSigningKey(path);
    await chmod(path, 0o640);
    await expect(loadSigningKey(path)).rejects.toMatchObject({ code: "SIGNING_KEY_MODE" });
  });
});
