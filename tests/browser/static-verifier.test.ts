import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM, launchChromium } from "./chromium.ts";
import { type FileServer, startFileServer } from "./file-server.ts";
import { buildPage, loadChoices } from "./testing/built-page.ts";
import { type FakeMesh, startFakeMesh } from "./testing/fake-mesh.ts";
import { type FakePoll, startFakePoll } from "./testing/fake-poll.ts";
import { castVote, choose, openVoter, type Voter } from "./testing/voter.ts";

describe.skipIf(!existsSync(CHROMIUM))("the static verifier (skipped without Chromium)", () => {
  let directory: string;
  let mesh: FakeMesh;
  let poll: FakePoll;
  let browser: Browser;
  let file: string;
  let html: Uint8Array;
  /** Files that a voter saved. */
  const saved = new Map<string, string>();
  const opened: Voter[] = [];
  const servers: FileServer[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "carrara-verifier-"));
    const files = await buildPage();
    html = files.get("verify.html") ?? new Uint8Array(0);
    file = join(directory, "verify.html");
    await writeFile(file, html);
    mesh = await startFakeMesh();
    poll = await startFakePoll({ mesh, files, choices: await loadChoices() });
    browser = await launchChromium();
    await saveAsVoter();
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) {
      await each.close();
      expect(each.complaints).toEqual([]);
    }
    for (const server of servers.splice(0)) await server.close();
  });
  afterAll(async () => {
    await browser.close();
    await poll.close();
    await mesh.close();
    await rm(directory, { recursive: true });
  });

  /** Votes, audits, and saves what a voter takes home. */
  async function saveAsVoter(): Promise<void> {
    const voter = await openVoter(browser, poll.url);
    const { page } = voter;
    const save = async (name: string, button: string): Promise<void> => {
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name: button }).click();
      const path = join(directory, name);
      await (await download).saveAs(path);
      saved.set(name, path);
    };
    await voter.goTo("/");
    await choose(page, "ghost");
    await page.getByRole("button", { name: "Audit it instead" }).click();
    await save("opening.json", "Save opening.json");
    await page.getByRole("button", { name: "Make a new ballot" }).click();
    await castVote(page, "ghost");
    await page.getByText("Your vote was counted").waitFor();
    await save("receipt.json", "Save receipt");
    await voter.goTo("/verify");
    await save("evidence.json", "Save the evidence");
    await voter.close();
  }

  /** Opens the verifier at `url`; it may talk to `origin` only. */
  async function open(url: string, origin: string): Promise<Voter> {
    const reader = await openVoter(browser, origin);
    opened.push(reader);
    await reader.page.goto(url);
    await reader.page.getByRole("heading", { name: "Ballot verifier" }).waitFor();
    return reader;
  }

  async function give(page: Page, ...names: readonly string[]): Promise<void> {
    const paths = names.map((name) => saved.get(name) ?? "");
    await page.locator("input[type=file]").setInputFiles(paths);
  }

  test("from a disk, without any network, verifies evidence, receipt and opening from files", async () => {
    const reader = await open(pathToFileURL(file).href, "file://");
    const { page } = reader;
    await reader.context.setOffline(true);
    await give(page, "evidence.json", "receipt.json", "opening.json");
    await page.getByText("Verified, in a simulation").waitFor();
    await page.getByText("Your ballot is number 1 of 1 in the ledger.").waitFor();
    await page.getByText("The ledger of today is the very one of your receipt.").waitFor();
    await page.getByText("The opening fits its code. The ballot was for:").waitFor();
    await page.getByText("👻").waitFor();
    expect(await reader.accessibility()).toEqual([]);
    await reader.picture("static-verifier");
    expect(reader.foreign.filter((url) => url !== pathToFileURL(file).href)).toEqual([]);
  });

  test("from a disk asks the poll whose address is entered, and nobody else", async () => {
    const reader = await open(pathToFileURL(file).href, poll.url);
    const { page } = reader;
    poll.vote(":joy:");
    await page.getByLabel("Address of the poll").fill(poll.url);
    await page.getByRole("button", { name: "Fetch its evidence" }).click();
    await page.getByText("Verified, in a simulation").waitFor();
    await give(page, "receipt.json");
    await page.getByText("still contains everything up to yours").waitFor();
    expect(reader.foreign.filter((url) => !url.startsWith("file:"))).toEqual([]);
  });

  test("from another origin does the same", async () => {
    const server = await startFileServer((path) =>
      Promise.resolve(path === "verify.html" ? html : undefined),
    );
    servers.push(server);
    const reader = await open(`${server.url}verify.html`, poll.url);
    const { page } = reader;
    await page.getByLabel("Address of the poll").fill(poll.url);
    await page.getByRole("button", { name: "Fetch its evidence" }).click();
    await page.getByText("Verified, in a simulation").waitFor();
    expect(reader.foreign.filter((url) => !url.startsWith(server.url))).toEqual([]);
  });

  test("refuses another Coordinator program than the reader expects", async () => {
    const { page } = await open(pathToFileURL(file).href, "file://");
    await page.getByLabel("Measurement that you expect").fill("ab".repeat(32));
    await give(page, "evidence.json");
    await page.getByText("Refused", { exact: true }).waitFor();
    await page.getByText("COORDINATOR_REFUSED").waitFor();
    // An expectation with a slip of the pen is none that a poll can meet.
    await page.getByLabel("Measurement that you expect").fill("ab".repeat(31));
    await page.getByText("This is no measurement").waitFor();
    await give(page, "evidence.json");
    expect(await page.getByText("COORDINATOR_REFUSED").count()).toBe(0);
    expect(await page.getByText("Verified, in a simulation").count()).toBe(0);
  });

  test("tells what an address or a file is not", async () => {
    const { page } = await open(pathToFileURL(file).href, "https://localhost:1");
    await page.getByLabel("Address of the poll").fill("ftp://example.com");
    await page.getByRole("button", { name: "Fetch its evidence" }).click();
    await page.getByText("This is no https address.").waitFor();
    await page.getByLabel("Address of the poll").fill("localhost:1");
    await page.getByRole("button", { name: "Fetch its evidence" }).click();
    await page.getByText("curl -k https://localhost:1/api/v2/evidence").waitFor();
    const other = join(directory, "other.json");
    await writeFile(other, "{}");
    saved.set("other.json", other);
    await give(page, "other.json");
    await page.getByText("other.json is no evidence, receipt or opening.").waitFor();
  });
});
