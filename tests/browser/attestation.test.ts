import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import * as whole from "@carrara/attestation";
import * as bundled from "@carrara/attestation/browser";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundleAttestation } from "../../tools/attestation-bundle.mjs";
import {
  loadReportExample,
  ROOT,
  readmeBlock,
  readmeExports,
} from "../conformance/readme-example.ts";
import type { IndexResult } from "../conformance/run-index.ts";
import { readIndexCounts, VECTOR_INDEX } from "../conformance/vectors.ts";
import { CHROMIUM, launchChromium } from "./chromium.ts";
import { type Body, type FileServer, startFileServer } from "./file-server.ts";

/** What users of the bundle may expect it to weigh at most, certificates included. */
const MAX_GZIP_BYTES = 40_000;

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

  test("exports what the README's table says, as a part of the whole library", () => {
    const [small, all] = [Object.keys(bundled), Object.keys(whole)];
    expect(small.filter((name) => !all.includes(name))).toEqual([]);
    expect(readmeExports("yes").filter((name) => !small.includes(name))).toEqual([]);
    expect(readmeExports("yes")).toContain("attest");
    const left = readmeExports("no");
    expect(left.filter((name) => small.includes(name) || !all.includes(name))).toEqual([]);
    expect(left).toContain("encodeQuote");
  });
});

/** The runners without the library, whose name the page maps to the bundle. */
async function bundleRunners(): Promise<Uint8Array> {
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
  return outputFiles[0]?.contents ?? new Uint8Array();
}

/** The page may neither evaluate text as code nor reach anything but its own origin. */
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

    async function open(served: ReadonlyMap<string, Body>, time?: Date): Promise<void> {
      server = await startFileServer(async (path) =>
        path.startsWith("vectors/")
          ? await readFile(join(dirname(VECTOR_INDEX), path.slice("vectors/".length)))
          : served.get(path),
      );
      page = await browser.newPage();
      page.on("request", (request) => requested.push(request.url()));
      if (time !== undefined) await page.clock.setFixedTime(time);
      await page.goto(`${server.url}index.html`);
    }

    test("every case of the vectors gives the verdict that it gives in Node", async () => {
      await open(
        new Map<string, Body>([
          ["index.html", VECTORS_PAGE],
          ["attestation.js", library],
          ["runners.js", await bundleRunners()],
        ]),
      );
      const result: unknown = await page.evaluate(
        `import("./runners.js").then(({ runVectors }) => runVectors())`,
      );
      const expected: IndexResult = { passed: readIndexCounts(), failures: [], skipped: {} };
      expect(result).toEqual(expected);
      expect(requested).toContain(`${server.url}attestation.js`);
    });

    /** What the README's page shows of a genuine report, with `changed` among its files. */
    async function outputOfExample(changed: readonly [string, Body][] = []): Promise<string> {
      const { files, time } = await loadReportExample();
      const served = new Map<string, Body>([...files, ...changed]);
      served.set("index.html", readmeBlock("html")).set("attestation.js", library);
      await open(served, time);
      const output = page.locator("output:not(:empty)");
      await output.waitFor();
      return await output.innerText();
    }

    test("the README's page accepts a genuine SNP report", async () => {
      expect(await outputOfExample()).toBe("hardware Genoa");
    });

    test("the README's page says why it refuses a report of another virtual machine", async () => {
      const output = await outputOfExample([["measurement.bin", new Uint8Array(48)]]);
      expect(output).toBe("refused: POLICY_MEASUREMENT");
    });
  },
);
