import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { connect } from "node:tls";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { callWeb, ROOT, startEmojivoto, type TestMesh } from "../e2e/support/mesh.ts";
import { CHROMIUM, launchChromium } from "./chromium.ts";

/** Set to refresh the pictures of the docs. */
const SCREENSHOTS = process.env["CARRARA_SCREENSHOTS"] === "1";
const IMAGES = join(ROOT, "docs/img");

let running: TestMesh;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let requested: string[];
let complaints: string[];

/** Base64 SHA-256 of the public key that the web serves: Chromium is told to accept just this one. */
async function webKeyHash(): Promise<string> {
  const socket = connect({ host: "localhost", port: running.mesh.ports.web, ca: running.ca });
  await new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  const spki = socket.getPeerX509Certificate()?.publicKey.export({ type: "spki", format: "der" });
  socket.destroy();
  return createHash("sha256")
    .update(spki ?? "")
    .digest("base64");
}

async function picture(name: string): Promise<void> {
  if (!SCREENSHOTS) return;
  mkdirSync(IMAGES, { recursive: true });
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
}

describe.skipIf(!existsSync(CHROMIUM))("in a browser (skipped without Chromium)", () => {
  beforeAll(async () => {
    running = await startEmojivoto();
    browser = await launchChromium(`--ignore-certificate-errors-spki-list=${await webKeyHash()}`);
  });

  afterAll(async () => {
    await browser.close();
    await running.stop();
  });

  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1100, height: 900 } });
    page = await context.newPage();
    requested = [];
    complaints = [];
    page.on("request", (request) => requested.push(request.url()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) complaints.push(message.text());
    });
    await page.goto(`https://localhost:${running.mesh.ports.web}/`);
  });

  afterEach(async () => {
    await context.close();
    expect(
      requested.filter((url) => new URL(url).host !== `localhost:${running.mesh.ports.web}`),
    ).toEqual([]);
    expect(complaints).toEqual([]);
  });

  async function accessibility(): Promise<string[]> {
    const axe = await readFile(
      createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
      "utf8",
    );
    await page.evaluate(axe);
    const found: unknown = await page.evaluate("axe.run().then(r => r.violations.map(v => v.id))");
    return found as string[];
  }

  test("99 emoji can be voted for, by mouse and by keyboard alone", async () => {
    const tiles = page.getByRole("button", { name: /^Vote for / });
    await expect.poll(async () => await tiles.count()).toBe(99);
    expect(await page.title()).toBe("Emoji Vote");
    await picture("vote");
    expect(await accessibility()).toEqual([]);
    await page.getByRole("button", { name: "Vote for pizza" }).click();
    await page.getByText("Your vote was counted").waitFor();
    await picture("thanks");
    expect(await accessibility()).toEqual([]);
    await page.goto(`https://localhost:${running.mesh.ports.web}/`);
    await page.getByRole("button", { name: "Vote for taco" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("Your vote was counted").waitFor();
  });

  test("a double click votes once", async () => {
    await page.getByRole("button", { name: "Vote for ghost" }).dblclick();
    await page.getByText("Your vote was counted").waitFor();
    const { body } = await callWeb(running, "GET", "/api/leaderboard");
    expect(body).toContain('"shortcode":":ghost:","unicode":"👻","votes":"1"');
  });

  test("the leaderboard shows what was counted", async () => {
    await page.getByRole("button", { name: "Vote for rocket" }).click();
    await page.getByText("Your vote was counted").waitFor();
    await page
      .getByRole("link", { name: /leaderboard/i })
      .first()
      .click();
    await page.getByRole("list", { name: "Emoji by votes" }).waitFor();
    expect(await page.getByRole("list", { name: "Emoji by votes" }).innerText()).toContain("🚀");
    await picture("leaderboard");
    expect(await accessibility()).toEqual([]);
  });

  test("the doughnut leads to the hazard page with the true status", async () => {
    await page.getByRole("button", { name: "Vote for doughnut" }).click();
    await page.getByText("500", { exact: true }).first().waitFor();
    await picture("hazard");
    expect(await accessibility()).toEqual([]);
  });

  test("the badge says attested, and simulation, and opens what was verified", async () => {
    const badge = page.getByRole("button", { name: /attested · simulation/ });
    await badge.click();
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    const text = await dialog.innerText();
    expect(text).toContain("carrara manifest verify");
    expect(text.toLowerCase()).toContain("simulation");
    expect(text).toContain(running.mesh.coordinator.attested.identity.uniqueId.slice(0, 16));
    await picture("badge");
    expect(await accessibility()).toEqual([]);
  });

  test("fits a phone", async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    await page.getByRole("button", { name: "Vote for joy" }).waitFor();
    const overflow: unknown = await page.evaluate(
      "document.documentElement.scrollWidth > document.documentElement.clientWidth",
    );
    expect(overflow).toBe(false);
    await picture("phone");
  });
});
