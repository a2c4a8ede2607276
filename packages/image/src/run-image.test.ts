import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fromHex, toHex } from "@carrara/encoding";
import {
  createSimulatedPlatform,
  type EnclaveExit,
  generateSigningKey,
  loadNodeExecutable,
  type NodeExecutable,
  type SimulatedPlatform,
  signImage,
} from "@carrara/tee";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildImages } from "./build-images.ts";
import { bundleProgram } from "./bundle-program.ts";
import { configOf, createFixtureApps } from "./testing/fixture-app.ts";

/** Where REPORTDATA and MRENCLAVE lie in a quote of version 3. */
const MRENCLAVE = 48 + 64;
const REPORT_DATA = 48 + 320;

const apps = createFixtureApps();
let key = "";
let node: NodeExecutable;
let platform: SimulatedPlatform;

beforeAll(async () => {
  const { dir } = await apps.create({});
  [key, node] = await Promise.all([generateSigningKey(), loadNodeExecutable()]);
  platform = await createSimulatedPlatform({ dir: join(dir, "platform"), node });
});

afterAll(async () => {
  await platform.close();
  await apps.removeAll();
});

interface Run {
  readonly exit: EnclaveExit;
  readonly output: string;
  readonly mrEnclave: string;
}

/** Builds, signs and runs one image to its end. */
async function run(
  source: string,
  image: Readonly<Record<string, unknown>> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const { dir } = await apps.create({
    "enclave.json": configOf(image),
    "src/main.ts": source,
    "package.json": '{"type":"module","sideEffects":false}',
    ...files,
  });
  const [built] = await buildImages({ appDir: dir, outDir: join(dir, "out") });
  const unsigned = new Uint8Array(await readFile(built?.file ?? ""));
  const signed = await signImage(unsigned, key, { date: new Date(), node });
  let output = "";
  const enclave = await platform.launch(signed, {
    cwd: dir,
    onOutput: (_, chunk) => {
      output += new TextDecoder().decode(chunk);
    },
  });
  const exit = await enclave.exited;
  return { exit, output, mrEnclave: toHex(enclave.identity.mrEnclave) };
}

describe("an image", () => {
  test("gets evidence for its own measurement and ends when its work is done", async () => {
    const { exit, output, mrEnclave } = await run(`
import { connectEnclaveTee } from "@carrara/tee";
const tee = await connectEnclaveTee();
const quote = await tee.getEvidence(new Uint8Array([1, 2, 3]));
const key = await tee.getSealingKey("unique");
console.log(JSON.stringify({
  assurance: tee.assurance, anchor: tee.trustAnchor.name, sealing: key.length,
  quote: Buffer.from(quote).toString("hex"),
}));`);
    expect(exit).toEqual({ code: 0, signal: null });
    const { quote, ...rest } = JSON.parse(output);
    expect(rest).toEqual({
      assurance: "simulation",
      anchor: "SIMULATION SGX Root CA",
      sealing: 32,
    });
    const bytes = fromHex(quote);
    expect(toHex(bytes.subarray(MRENCLAVE, MRENCLAVE + 32))).toBe(mrEnclave);
    expect(toHex(bytes.subarray(REPORT_DATA, REPORT_DATA + 4))).toBe("01020300");
  });

  test("does not outlive its platform", async () => {
    const { exit } = await run(`
import { connectEnclaveTee } from "@carrara/tee";
await connectEnclaveTee();
setInterval(() => {}, 1000);
process.disconnect();`);
    expect(exit).toEqual({ code: null, signal: "SIGTERM" });
  });

  test("does not outlive its platform for long, even if it clings to life", async () => {
    const { exit } = await run(`
import { connectEnclaveTee } from "@carrara/tee";
await connectEnclaveTee();
process.on("SIGTERM", () => {});
setInterval(() => {}, 1000);
process.disconnect();`);
    expect(exit).toEqual({ code: 1, signal: null });
  });

  test("of a marble evaluates nothing of the service before it is activated", async () => {
    const { output } = await run(
      `import { seen } from "./seen.ts"; console.log(seen, process.env.SECRET);`,
      { kind: "marble" },
      { "src/seen.ts": "export const seen: string | undefined = process.env['SECRET'];" },
    );
    expect(output).toBe("given by premain given by premain\n");
  });

  test("carries its assets", async () => {
    const { output } = await run(
      `import { assets } from "carrara:assets";
for (const [path, bytes] of assets) console.log(path, bytes instanceof Uint8Array, bytes.join());`,
      { assets: { dir: "page" } },
      { "page/b.txt": "b", "page/a/c.txt": "é" },
    );
    expect(output).toBe("a/c.txt true 195,169\nb.txt true 98\n");
  });

  test("loads CommonJS packages that it carries, and nothing from the disk", async () => {
    const { exit, output } = await run(
      `import common from "common"; console.log(common.base("/a/b")); common.load("./on-disk.cjs");`,
      {},
      {
        "node_modules/common/package.json": '{"name":"common","main":"index.js"}',
        "node_modules/common/index.js": `
const path = require("path");
module.exports = { base: path.basename, load: (name) => require(name) };`,
        "on-disk.cjs": "console.log('loaded from the disk')",
      },
    );
    expect(output).toContain("b\n");
    expect(output).not.toContain("loaded from the disk");
    expect(output).toContain("module ./on-disk.cjs is not in the image");
    expect(exit.code).toBe(1);
  });
});

describe("a program beside the images", () => {
  test("is one module that runs by itself", async () => {
    const app = await apps.create({ "src/bot.ts": "export const a: number = 1; console.log(a);" });
    const outFile = join(app.dir, "out/bot.mjs");
    await bundleProgram({ appDir: app.dir, entry: "src/bot.ts", outFile });
    expect(await readFile(outFile, "utf8")).toContain("console.log(a)");
  });
});
