import { existsSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../conformance/readme-example.ts";
import { createBallotCase } from "../fuzz/ballot-world.ts";
import { CHROMIUM, launchChromium } from "./chromium.ts";
import { startFileServer } from "./file-server.ts";

/** Both rooms whole, HPKE included; a page that uses less of them weighs less. */
const MAX_GZIP_BYTES = 27_000;
const ENTRY = `
export * as ballot from "./packages/ballot/src/index.ts";
export * as transparency from "./packages/transparency/src/index.ts";
`;

async function bundle(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    stdin: { contents: ENTRY, resolveDir: ROOT },
    bundle: true,
    minify: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    conditions: ["@carrara/source"],
    legalComments: "none",
    write: false,
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

test("what a voter's page needs of ballots weighs at most 27 KB after gzip -9", async ({
  annotate,
}) => {
  const code = await bundle();
  const size = gzipSync(code, { level: 9 }).length;
  await annotate(`${code.length} bytes, ${size} after gzip -9`);
  expect(size).toBeLessThanOrEqual(MAX_GZIP_BYTES);
  expect(new TextDecoder().decode(code)).not.toMatch(/node:/);
});

describe.skipIf(!existsSync(CHROMIUM))("in a browser (skipped without Chromium)", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
  });

  test("keys, receipt and audit verify, a changed receipt does not, and a ballot is sealed", async () => {
    const { ballots } = await createBallotCase();
    const library = await bundle();
    const server = await startFileServer(async (path) =>
      path === "library.js" ? library : "<!doctype html><title>Ballot</title>",
    );
    const page = await browser.newPage();
    await page.goto(`${server.url}index.html`);
    const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    const { signedKeys, intermediatePem, logKey, witnesses } = ballots;
    const given = {
      ...{ signedKeys, intermediatePem, logKey, witnesses },
      receipt: text(ballots.receipt),
      audit: text(ballots.audit),
      now: ballots.now.getTime(),
    };
    const result: unknown = await page.evaluate(`(async (given) => {
      const { ballot, transparency } = await import("./library.js");
      const { intermediatePem, signedKeys, now } = given;
      const keys = await ballot.verifySignedKeys(signedKeys, {
        intermediatePem,
        now: new Date(now),
      });
      const trust = { logKey: keys.logKey, witnesses: keys.witnesses };
      const receipt = ballot.parseReceipt(given.receipt);
      const checked = await ballot.checkReceipt(receipt, trust);
      const wrong = { ...receipt, commitment: new Uint8Array(32) };
      const refused = await ballot.checkReceipt(wrong, trust).catch(({ code }) => code);
      const audited = await ballot.auditLog({ ...ballot.parseAuditFile(given.audit), ...trust });
      const pair = await crypto.subtle.generateKey("X25519", false, ["deriveBits"]);
      const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
      const sealed = await ballot.sealBallot({
        poll: keys.poll,
        publicKey,
        ballot: ballot.createBallot(7),
      });
      return {
        logKey: transparency.encodeVerifierKey(keys.logKey),
        checked: [checked.index, checked.size, checked.cosignedBy.length],
        refused,
        counted: audited.tally.counted,
        sealedBytes: sealed.bytes.length,
      };
    })(${JSON.stringify(given)})`);
    await page.close();
    await server.close();
    expect(result).toEqual({
      logKey,
      checked: [4, 6, 2],
      refused: "PROOF_INVALID",
      counted: 6,
      sealedBytes: 123,
    });
  });
});
