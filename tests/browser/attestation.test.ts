import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundleAttestation } from "../../tools/attestation-bundle.mjs";
import { loadReportExample, ROOT, readmeBlock } from "../conformance/readme-example.ts";
import type { IndexResult } from "../conformance/run-index.ts";
import { readIndexCounts, VECTOR_INDEX } from "../conformance/vectors.ts";
import { CHROMIUM, launchChromium } from "./chromium.ts";
import { type Content, type FileServer, startFileServer } from "./file-server.ts";

/** What users of the bundle may expect it to weigh at most, certificates included. */
const MAX_GZIP_BYTES = 40 * 1024;

describe("the library's bundle for browsers", () => {
  test("weighs at most 40 KB after gzip -9", async ({ annotate }) => {
    const { code } = await bundleAttestation();
    const size = gzipSync(code, { level: 9 }).length;
    await annotate(`${code.length} bytes, ${size} after gzip -9`);
    expect(size).toBeLessThanOrEqual(MAX_GZIP_BYTES);
  });

  test("is one module that imports nothing, of this repository's sources only", async () => {
    const { code, imports, inputs } = await bundleAttestation();
    expect(imports).toEqual([]);
    expect(new TextDecoder().decode(code)).not.toMatch(/\bimport\b|\brequire\b|node:/);
    const rooms = new Set(inputs.map((file) => file.split("/src/")[0]));
    expect([...rooms].sort()).toEqual(
      ["attestation", "encoding", "pki"].map((room) => `packages/${room}`),
    );
  });

  test("has the same bytes whenever it is made of the same sources", async () => {
    const [first, second] = [await bundleAttestation(), await bundleAttestation()];
    expect(Buffer.from(first.code).equals(second.code)).toBe(true);
  });
});

/** The runners without the library, whose name the page maps to the bundle. */
async function bundleRunners(): Promise<Uint8Array | undefined> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["tests/browser/vectors-page.ts"],
    bundle: true,
    platform: "browser",
    format: "esm",
    conditions: ["@carrara/source"],
    external: ["@carrara/attestation"],
    write: false,
  });
  return outputFiles[0]?.contents;
}

/** `policy` forbids the page to evaluate text as code and to reach anything but its own origin. */
const POLICY = "default-src 'none'; script-src 'self' 'unsafe-inline'; connect-src 'self'";
const IMPORTS = { imports: { "@carrara/attestation": "./attestation.js" } };
const VECTORS_PAGE = `<!doctype html><title>Vectors</title>
<meta http-equiv="content-security-policy" content="${POLICY}">
<script type="importmap">${JSON.stringify(IMPORTS)}</script>`;

describe.skipIf(!existsSync(CHROMIUM) || !existsSync(VECTOR_INDEX))(
  "in a browser (skipped without Chromium or ../shared/vectors)",
  () => {
    const requested: string[] = [];
    let browser: Browser;
    let library: Uint8Array;
    let server: FileServer;
    let page: Page;

    beforeAll(async () => {
      library = (await bundleAttestation()).code;
      browser = await launchChromium();
    });

    afterEach(async () => {
      await page.close();
      await server.close();
      expect(requested.splice(0).filter((url) => !url.startsWith(server.url))).toEqual([]);
    });

    afterAll(async () => {
      await browser.close();
    });

    async function open(path: string, content: Content, time?: Date): Promise<void> {
      server = await startFileServer(content);
      page = await browser.newPage();
      page.on("request", (request) => requested.push(request.url()));
      if (time !== undefined) await page.clock.setFixedTime(time);
      await page.goto(`${server.url}${path}`);
    }

    test("every case of the vectors gives the verdict that it gives in Node", async () => {
      const runners = await bundleRunners();
      const served = new Map([
        ["vectors.html", VECTORS_PAGE],
        ["attestation.js", library],
        ["runners.js", runners],
      ]);
      await open("vectors.html", async (path) =>
        path.startsWith("vectors/")
          ? await readFile(join(dirname(VECTOR_INDEX), path.slice("vectors/".length)))
          : served.get(path),
      );
      const result: unknown = await page.evaluate(
        `import("./runners.js").then(({ runVectors }) => runVectors())`,
      );
      expect(result).toEqual({
        passed: readIndexCounts(),
        failures: [],
        skipped: {},
      } satisfies IndexResult);
      expect(requested).toContain(`${server.url}attestation.js`);
    });

    test("the README's page accepts a genuine SNP report", async () => {
      const { files, time } = await loadReportExample();
      const html = readmeBlock("html");
      const served = new Map([...files, ["index.html", html], ["attestation.js", library]]);
      await open("index.html", async (path) => await Promise.resolve(served.get(path)), time);
      await expect.poll(async () => await page.locator("output").innerText()).not.toBe("");
      expect(await page.locator("output").innerText()).toBe("hardware Genoa");
    });

    test("the README's page says why it refuses a report of another virtual machine", async () => {
      const { files, time } = await loadReportExample();
      const measurement = new Uint8Array(48);
      const own = [["index.html", readmeBlock("html")], ["attestation.js", library]] as const;
      const served = new Map([...files, ...own, ["measurement.bin", measurement] as const]);
      await open("index.html", async (path) => await Promise.resolve(served.get(path)), time);
      await expect.poll(async () => await page.locator("output").innerText()).not.toBe("");
      expect(await page.locator("output").innerText()).toBe("refused: POLICY_MEASUREMENT");
    });
  },
);
