import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { ROOT } from "../../e2e/support/mesh.ts";

/** Set to refresh the pictures of the docs. */
const SCREENSHOTS = process.env["CARRARA_SCREENSHOTS"] === "1";
const IMAGES = join(ROOT, "docs/img");

/** A voter's browser, with what it asked and complained. */
export interface Voter {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Requests to another origin than the poll's. */
  readonly foreign: readonly string[];
  /** Errors of scripts and of the content security policy. */
  readonly complaints: readonly string[];
  goTo(path: string): Promise<void>;
  /** Ids of what axe finds. */
  accessibility(): Promise<readonly string[]>;
  /** Saves a picture for the docs, when those are made. */
  picture(name: string, whole?: boolean): Promise<void>;
  close(): Promise<void>;
}

/** Opens a browser context of its own for the poll at `origin`. */
export async function openVoter(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<Voter> {
  const context = await browser.newContext({
    viewport: { width: 1100, height: 900 },
    locale: "en",
    acceptDownloads: true,
    // Pictures are the same whenever they are taken.
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  const foreign: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (protocol !== "blob:" && asked !== origin) foreign.push(request.url());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) complaints.push(message.text());
  });
  return {
    page,
    context,
    foreign,
    complaints,
    goTo: async (path) => {
      await page.goto(`${origin}${path}`);
    },
    accessibility: async () => {
      await page.evaluate(await axe());
      const found: unknown = await page.evaluate(
        "axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' | ')))",
      );
      return found as string[];
    },
    picture: async (name, whole = false) => {
      if (!SCREENSHOTS) return;
      mkdirSync(IMAGES, { recursive: true });
      await page.screenshot({ path: join(IMAGES, `${name}.png`), fullPage: whole });
    },
    close: async () => {
      await context.close();
    },
  };
}

/** Chooses an emoji and waits until its ballot is sealed. */
export async function choose(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: `Vote for ${name}`, exact: true }).click();
  await page.locator(".code-box .groups").waitFor();
}

/** Casts a vote from the grid on. */
export async function castVote(page: Page, name: string): Promise<void> {
  await choose(page, name);
  await page.getByRole("button", { name: "Cast my vote" }).click();
}

/** The ballot code that is shown, without gaps. */
export async function shownCode(page: Page): Promise<string> {
  return (await page.locator(".groups").first().innerText()).replace(/\s/g, "");
}

async function axe(): Promise<string> {
  return await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
}
