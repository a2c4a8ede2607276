import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { callWeb, carrara, startEmojivoto, type TestMesh, vote } from "../e2e/support/mesh.ts";
import { CHROMIUM, launchChromium } from "./chromium.ts";
import { castVote, choose, openVoter, shownCode, type Voter } from "./testing/voter.ts";

/** Votes of others, so that the pictures of the docs show a poll and not an empty room. */
const CROWD: readonly (readonly [string, number])[] = [
  ["joy", 9],
  ["rocket", 7],
  ["heart_eyes_cat", 7],
  ["pizza", 5],
  ["ghost", 4],
  ["taco", 2],
];

/** Base64 SHA-256 of the public key that the web serves: Chromium is told to accept just this one. */
async function webKeyHash({ mesh, ca }: TestMesh): Promise<string> {
  const socket = connect({ host: "localhost", port: mesh.ports.web, ca });
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

describe.skipIf(!existsSync(CHROMIUM))("in a browser (skipped without Chromium)", () => {
  let running: TestMesh;
  let browser: Browser;
  let origin: string;
  let voter: Voter;

  beforeAll(async () => {
    running = await startEmojivoto();
    origin = `https://localhost:${running.mesh.ports.web}`;
    const key = await webKeyHash(running);
    browser = await launchChromium(`--ignore-certificate-errors-spki-list=${key}`);
    for (const [name, times] of CROWD) {
      for (let i = 0; i < times; i += 1) expect((await vote(running, name)).status).toBe(200);
    }
  });
  afterAll(async () => {
    await browser.close();
    await running.stop();
  });
  beforeEach(async () => {
    voter = await openVoter(browser, origin);
    await voter.goTo("/");
  });
  afterEach(async () => {
    await voter.close();
    expect(voter.foreign).toEqual([]);
    expect(voter.complaints).toEqual([]);
  });

  async function restartVoting(image = "voting-svc"): Promise<void> {
    await running.mesh.stopMarble("voting-svc");
    await running.mesh.launchMarble("voting-svc", { image });
    await running.mesh.waitForWeb();
  }

  test("this browser's own verification names what really runs", async () => {
    const { page } = voter;
    await page.getByRole("link", { name: "attested · simulation" }).click();
    await page.getByText("Verified, in a simulation").waitFor();
    await voter.picture("verify");
    for (const summary of await page.locator("summary").all()) await summary.click();
    const text = await page.locator("main").innerText();
    expect(text).toContain(running.mesh.coordinator.attested.identity.uniqueId);
    expect(await voter.accessibility()).toEqual([]);
    await page.getByRole("heading", { name: "What may run" }).scrollIntoViewIfNeeded();
    await page.evaluate("scrollBy(0, 420)");
    await voter.picture("verify-details");
  });

  test("the certificate on the page is the one that this connection has", async () => {
    const socket = connect({ host: "localhost", port: running.mesh.ports.web, ca: running.ca });
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    const shown = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(":", "");
    socket.destroy();
    await voter.goTo("/verify");
    await voter.page.getByRole("heading", { name: "Fingerprint, SHA-256" }).waitFor();
    expect(await shownCode(voter.page)).toBe(shown?.toLowerCase());
  });

  test("a vote is sealed, counted, and has a receipt that proves it", async () => {
    const { page } = voter;
    await page.getByRole("button", { name: "Vote for pizza" }).waitFor();
    await page.getByRole("link", { name: "attested · simulation" }).waitFor();
    await voter.picture("vote");
    await choose(page, "pizza");
    await voter.picture("ballot");
    await page.getByRole("button", { name: "Cast my vote" }).click();
    await page.getByText("Your vote was counted").waitFor();
    await page.getByRole("button", { name: "Check it now" }).click();
    await page.getByText("Your ballot is counted.").waitFor();
    await voter.picture("thanks", true);
    const { body } = await callWeb(running, "GET", "/api/leaderboard");
    expect(body).toContain('"shortcode":":pizza:","unicode":"🍕","votes":"6"');
  });

  test("what the page saves is what the command line checks", async () => {
    const { page } = voter;
    const save = async (name: string, button: string): Promise<string> => {
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name: button }).click();
      const path = join(running.stateDir, name);
      await (await download).saveAs(path);
      return path;
    };
    await choose(page, "rocket");
    const code = await shownCode(page);
    await page.getByRole("button", { name: "Audit it instead" }).click();
    const saved = await save("opening.json", "Save opening");
    const choices = ["--choices", "apps/emojivoto/data/emoji-rpcs.json"];
    const opening = await carrara("ballot", "opening", saved, ...choices);
    expect(opening.code).toBe(0);
    expect(opening.stdout).toContain(" (:rocket:) ");
    expect(opening.stdout.replaceAll(" ", "")).toContain(code);
    await page.getByRole("button", { name: "Make a new ballot" }).click();
    await castVote(page, "rocket");
    await page.getByText("Your vote was counted").waitFor();
    const receipt = await save("receipt.json", "Save receipt");
    await voter.goTo("/verify");
    const evidence = await save("evidence.json", "Save the evidence");
    const trust = ["--evidence", evidence, "--insecure"];
    const checked = await carrara("ballot", "check", receipt, ...trust);
    expect({ code: checked.code, stderr: checked.code === 0 ? "" : checked.stderr }).toEqual({
      code: 0,
      stderr: "",
    });
    const verified = await carrara("verify", evidence, "--insecure");
    expect(verified.code).toBe(0);
    expect(verified.stdout).toContain("The count is signed");
  });

  test("the leaderboard is live, and its signed count checks", async () => {
    const { page } = voter;
    await page.getByRole("link", { name: "Leaderboard" }).click();
    await page.getByText("Live", { exact: true }).waitFor();
    const other = await openVoter(browser, origin);
    await other.goTo("/");
    await castVote(other.page, "bacon");
    await other.page.getByText("Your vote was counted").waitFor();
    await other.close();
    await page.locator(".place .name", { hasText: "bacon" }).waitFor();
    await page.getByRole("button", { name: "Check the signed count" }).click();
    await page.getByText("exactly what you see here").waitFor();
    await voter.picture("leaderboard");
    expect(await voter.accessibility()).toEqual([]);
  });

  test("the doughnut leads to the hazard page with the true status, and counts after the update", async () => {
    const { page } = voter;
    await castVote(page, "doughnut");
    await page.getByRole("heading", { name: "500" }).waitFor();
    await voter.picture("hazard");
    await restartVoting("voting-svc-fix");
    await page.getByRole("button", { name: "Select again" }).click();
    await castVote(page, "doughnut");
    await page.getByText("Your vote was counted").waitFor();
    await restartVoting();
  });

  test("a receipt proves after a restart of the voting service; a changed ledger is refused", async () => {
    const { page } = voter;
    await choose(page, "rocket");
    // The key that this ballot is sealed to is gone before it is cast.
    await restartVoting();
    await page.getByRole("button", { name: "Cast my vote" }).click();
    await page.getByText("Your vote was counted").waitFor();
    const code = await shownCode(page);

    await restartVoting();
    await voter.goTo("/verify");
    await page.getByRole("heading", { name: /^Ballot \d+ of \d+ in the ledger$/ }).waitFor();
    expect((await page.locator(".receipts .groups").innerText()).replace(/\s/g, "")).toBe(code);
    await page.getByRole("button", { name: "Check it now" }).click();
    await page.getByText("Your ballot is counted.").waitFor();
    await page.locator("#receipts").scrollIntoViewIfNeeded();
    await voter.picture("receipts");

    await voter.goTo("/leaderboard");
    await page.getByText("Live", { exact: true }).waitFor();
    await running.mesh.stopMarble("voting-svc");
    await page.getByText("Not connected; these are the last known results").waitFor();
    await flipOneBit(join(running.mesh.files.marble("voting-svc").data, "ledger"));
    const refused = await running.mesh.launchMarble("voting-svc", { supervised: false });
    await refused.exited;
    expect(refused.log.tail()).toContain("LEDGER_TAMPERED");
    await page.reload();
    await page.getByRole("button", { name: "Try again" }).waitFor();
    await voter.picture("ledger-refused");
    await voter.goTo("/");
    await page.getByRole("button", { name: "Vote for joy" }).click();
    await page.getByText("could not be processed").waitFor();
  });
});

/** Changes one bit of the first segment, as a disk or its owner may. */
async function flipOneBit(directory: string): Promise<void> {
  const [name = ""] = (await readdir(directory)).filter((each) => each.startsWith("segment-"));
  const file = join(directory, name);
  const bytes = await readFile(file);
  bytes[200] = (bytes[200] ?? 0) ^ 1;
  await writeFile(file, bytes);
}
