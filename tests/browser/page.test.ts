import { existsSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { equalBytes } from "@carrara/encoding";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CHROMIUM, launchChromium } from "./chromium.ts";
import { buildPage, loadChoices } from "./testing/built-page.ts";
import { type FakeMesh, startFakeMesh } from "./testing/fake-mesh.ts";
import { type FakeChoice, type FakePoll, startFakePoll } from "./testing/fake-poll.ts";
import { castVote, choose, openVoter, shownCode, type Voter } from "./testing/voter.ts";

/** What a voter's browser loads for the first view, and in all, after gzip -9. */
const MAX_FIRST_BYTES = 34_000;
const MAX_WHOLE_BYTES = 130_000;
/** The static verifier. */
const MAX_VERIFIER_BYTES = 105_000;

/** Votes of others. */
const CROWD = [
  ["joy", 8],
  ["rocket", 7],
  ["heart_eyes_cat", 7],
  ["pizza", 5],
  ["ghost", 4],
  ["taco", 2],
] as const;

let files: ReadonlyMap<string, Uint8Array>;
beforeAll(async () => {
  files = await buildPage();
});

const gzipBytes = (file: Uint8Array): number => gzipSync(file, { level: 9 }).length;

/** Makes a page's WebCrypto one that does not know `algorithm`. */
const withoutAlgorithm = (algorithm: string): string => `
  const { importKey } = SubtleCrypto.prototype;
  SubtleCrypto.prototype.importKey = function (format, key, wanted, ...more) {
    const isMissing = (wanted.name ?? wanted) === "${algorithm}";
    if (isMissing) return Promise.reject(new DOMException("", "NotSupportedError"));
    return importKey.call(this, format, key, wanted, ...more);
  };
`;

describe("the built page", () => {
  test("is small", async ({ annotate }) => {
    const scripts = [...files].filter(([path]) => path.startsWith("assets/"));
    const whole = scripts.reduce((sum, [, file]) => sum + gzipBytes(file), 0);
    const first = scripts
      .filter(([path]) => path.startsWith("assets/index-"))
      .reduce((sum, [, file]) => sum + gzipBytes(file), 0);
    const verifier = gzipBytes(files.get("verify.html") ?? new Uint8Array(0));
    await annotate(`gzip -9: first view ${first}, whole ${whole}, static verifier ${verifier}`);
    expect(first).toBeLessThanOrEqual(MAX_FIRST_BYTES);
    expect(whole).toBeLessThanOrEqual(MAX_WHOLE_BYTES);
    expect(verifier).toBeLessThanOrEqual(MAX_VERIFIER_BYTES);
  });

  test("has the same bytes whenever it is made of the same sources", async () => {
    const again = await buildPage();
    expect([...again.keys()].sort()).toEqual([...files.keys()].sort());
    for (const [path, file] of files) {
      expect(equalBytes(file, again.get(path) ?? new Uint8Array(0)), path).toBe(true);
    }
  });

  test("has a static verifier that refers to no other file", () => {
    const text = new TextDecoder().decode(files.get("verify.html"));
    expect(text).not.toMatch(/<(?:script|img|iframe)[^>]*\ssrc=|<link[^>]*href="(?!data:)/);
    expect(text).not.toMatch(/@import|url\((?!data:)/);
    expect(text).toContain("default-src 'none'; script-src 'sha256-");
  });
});

describe.skipIf(!existsSync(CHROMIUM))("in a browser (skipped without Chromium)", () => {
  let mesh: FakeMesh;
  let choices: readonly FakeChoice[];
  let poll: FakePoll;
  let browser: Browser;
  let voter: Voter;
  const others: Voter[] = [];

  beforeAll(async () => {
    [browser, mesh, choices] = await Promise.all([
      launchChromium(),
      startFakeMesh(),
      loadChoices(),
    ]);
  });
  afterAll(async () => {
    await browser.close();
    await mesh.close();
  });
  beforeEach(async () => {
    poll = await startFakePoll({ mesh, files, choices });
    voter = await openVoter(browser, poll.url);
    await voter.goTo("/");
  });
  afterEach(async () => {
    for (const each of [voter, ...others.splice(0)]) {
      await each.close();
      expect(each.foreign).toEqual([]);
      expect(each.complaints).toEqual([]);
    }
    await poll.close();
  });

  /** Another browser with storage of its own. */
  async function another(options: Parameters<typeof openVoter>[2] = {}): Promise<Voter> {
    const opened = await openVoter(browser, poll.url, options);
    others.push(opened);
    return opened;
  }

  describe("voting", () => {
    test("99 emoji can be voted for, by keyboard alone too", async () => {
      const { page } = voter;
      const tiles = page.getByRole("button", { name: /^Vote for / });
      await expect.poll(async () => await tiles.count()).toBe(99);
      await page.getByRole("button", { name: "Vote for taco" }).focus();
      await page.keyboard.press("Enter");
      await page.locator(".code-box .groups").waitFor();
      await page.getByRole("button", { name: "Cast my vote" }).focus();
      await page.keyboard.press("Enter");
      await page.getByText("Your vote was counted").waitFor();
      expect(poll.log.ballots).toHaveLength(1);
      expect(poll.received.map((body) => body.length)).toEqual([123]);
    });

    test("a search finds emoji by every word of their names", async () => {
      const { page } = voter;
      await page.getByRole("searchbox").fill("no evil");
      const tiles = page.getByRole("button", { name: /^Vote for / });
      await expect.poll(async () => await tiles.count()).toBe(3);
      await page.getByRole("searchbox").fill("xyz");
      await page.getByText("No emoji is called “xyz”.").waitFor();
    });

    test("a double click casts once", async () => {
      const { page } = voter;
      await choose(page, "ghost");
      await page.getByRole("button", { name: "Cast my vote" }).dblclick();
      await page.getByText("Your vote was counted").waitFor();
      expect(poll.log.ballots).toHaveLength(1);
    });

    test("the receipt has the code that was shown, and is saved, kept and checked", async () => {
      const { page } = voter;
      await choose(page, "pizza");
      const code = await shownCode(page);
      expect(code).toMatch(/^[0-9a-f]{64}$/);
      await page.getByRole("button", { name: "Cast my vote" }).click();
      await page.getByText("Your vote was counted").waitFor();
      expect(await shownCode(page)).toBe(code);
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name: "Save receipt" }).click();
      expect((await download).suggestedFilename()).toBe("receipt.json");
      poll.vote(":joy:");
      await page.getByRole("button", { name: "Check it now" }).click();
      await page.getByText("The ledger of today, 2 ballots, still contains").waitFor();
      await voter.goTo("/verify");
      await page.getByRole("heading", { name: "Ballot 1 of 1 in the ledger" }).waitFor();
      const kept: unknown = await page.evaluate("localStorage.getItem('carrara.receipts')");
      expect(kept).not.toContain("pizza");
    });

    test("one tap casts, once the voter wants that", async () => {
      const { page } = voter;
      await choose(page, "taco");
      await page.getByRole("checkbox").check();
      await page.getByRole("button", { name: "Cast my vote" }).click();
      await page.getByText("Your vote was counted").waitFor();
      await page.getByRole("button", { name: "Pick another one" }).click();
      await page.getByRole("button", { name: "Vote for rocket" }).dblclick();
      await page.getByText("Your vote was counted").waitFor();
      expect(poll.log.ballots).toHaveLength(2);
    });

    test("one tap never casts under a manifest that the voter has not accepted", async () => {
      const { page } = voter;
      await page.getByRole("link", { name: "attested · simulation" }).waitFor();
      await page.evaluate("localStorage.setItem('carrara.quick', '1')");
      await poll.mesh.raiseVersion();
      await page.reload();
      await page.getByRole("button", { name: "Vote for rocket" }).click();
      await page.getByText("The rules of this service changed").waitFor();
      expect(poll.received).toEqual([]);
    });

    test("an audited ballot is opened, right, and never cast", async () => {
      const { page } = voter;
      await choose(page, "rocket");
      const code = await shownCode(page);
      await page.getByRole("button", { name: "Audit it instead" }).click();
      await page.getByRole("heading", { name: "This ballot, opened" }).waitFor();
      const opening = JSON.parse(await page.locator("pre").first().innerText()) as {
        readonly commitment: string;
        readonly choice: number;
      };
      expect(opening.commitment).toBe(code);
      const rocket = choices.find(({ shortcode }) => shortcode === ":rocket:");
      expect(opening.choice).toBe(rocket?.number);
      expect(await voter.accessibility()).toEqual([]);
      await voter.picture("audit", true);
      await page.getByRole("button", { name: "Make a new ballot" }).click();
      await choose(page, "rocket");
      expect(await shownCode(page)).not.toBe(code);
      expect(poll.received).toEqual([]);
    });

    test("after a restart of the voting service the same ballot is sealed again, once", async () => {
      const { page } = voter;
      await choose(page, "rocket");
      const code = await shownCode(page);
      await poll.restart();
      await page.getByRole("button", { name: "Cast my vote" }).click();
      await page.getByText("Your vote was counted").waitFor();
      expect(await shownCode(page)).toBe(code);
      expect(poll.received).toHaveLength(2);
      expect(poll.log.ballots).toHaveLength(1);
    });

    test("a ballot whose answer got lost is sent again and counted once", async () => {
      poll.loseAnswers = 2;
      await castVote(voter.page, "joy");
      await voter.page.getByText("Your vote was counted").waitFor();
      expect(new Set(poll.received.map((body) => Buffer.from(body).toString("hex"))).size).toBe(1);
      expect(poll.log.ballots).toHaveLength(1);
    });

    test("without any answer the voter is told so, and may send the very same ballot", async () => {
      // Chromium sends a request again by itself when a kept connection ends without an answer.
      poll.loseAnswers = 100;
      await castVote(voter.page, "joy");
      await voter.page.getByText("It may or may not have arrived").waitFor();
      poll.loseAnswers = 0;
      await voter.page.getByRole("button", { name: "Send it again" }).click();
      await voter.page.getByText("Your vote was counted").waitFor();
      expect(poll.log.ballots).toHaveLength(1);
    });

    test("the doughnut shows the hazard page with the status, until it counts", async () => {
      const { page } = voter;
      await castVote(page, "doughnut");
      await page.getByRole("heading", { name: "500" }).waitFor();
      expect(await voter.accessibility()).toEqual([]);
      poll.doughnutCounts = true;
      await page.getByRole("button", { name: "Select again" }).click();
      await castVote(page, "doughnut");
      await page.getByText("Your vote was counted").waitFor();
    });

    test("nothing is sealed or sent when the evidence does not verify", async () => {
      poll.distort = (bundle) => {
        bundle["checkpoint"] = String(bundle["checkpoint"]).replace("\n0\n", "\n7\n");
      };
      await voter.page.reload();
      await voter.page.getByText("refused", { exact: true }).waitFor();
      await voter.page.getByRole("button", { name: "Vote for joy" }).click();
      await voter.page.getByRole("heading", { name: "Not sealed" }).waitFor();
      await voter.page.getByRole("link", { name: "See what was found" }).click();
      await voter.page.getByText("SIGNATURE_INVALID").waitFor();
      expect(poll.received).toEqual([]);
    });

    test("a poll that is closed takes no ballot, and one ballot each means one", async () => {
      const { page } = voter;
      poll.rules = { ...poll.rules, revote: "once" };
      await voter.goTo("/");
      await page.getByText("One ballot from each browser counts.").waitFor();
      await castVote(page, "joy");
      await page.getByText("Your vote was counted").waitFor();
      await page.getByRole("button", { name: "Pick another one" }).click();
      await castVote(page, "joy");
      await page.getByRole("heading", { name: "Already voted" }).waitFor();
      poll.rules = { ...poll.rules, closes: new Date(Date.now() - 1000) };
      await voter.goTo("/");
      await page.getByText("The poll is closed.").waitFor();
      await castVote(page, "joy");
      await page.getByRole("heading", { name: "Closed" }).waitFor();
      expect(await voter.accessibility()).toEqual([]);
      expect(poll.log.ballots).toHaveLength(1);
    });

    test("back leads from the ballot to the emoji, and so does the link to the page", async () => {
      const { page } = voter;
      await choose(page, "taco");
      await page.goBack();
      await page.getByRole("button", { name: "Vote for taco" }).waitFor();
      await castVote(page, "taco");
      await page.getByText("Your vote was counted").waitFor();
      await page.getByRole("link", { name: "Vote", exact: true }).click();
      await page.getByRole("button", { name: "Vote for taco" }).waitFor();
      expect(poll.log.ballots).toHaveLength(1);
    });

    test.each(["Ed25519", "X25519"])(
      "a browser without %s is told what it lacks and needs, and seals nothing",
      async (algorithm) => {
        const { page } = voter;
        await page.addInitScript(withoutAlgorithm(algorithm));
        const told = `has no ${algorithm} in WebCrypto`;
        await voter.goTo("/verify");
        await page.getByText(told).waitFor();
        await page.getByText("Ed25519 and X25519 are needed").waitFor();
        await voter.goTo("/");
        await page.getByRole("button", { name: "Vote for taco" }).click();
        await page.getByText(told).waitFor();
        expect(poll.received).toEqual([]);
      },
    );

    test("sharing hands on the address and nothing else", async () => {
      const { page, context } = voter;
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      await castVote(page, "joy");
      await page.getByRole("button", { name: "Share the poll" }).click();
      await page.getByText("Link copied").waitFor();
      expect(await page.evaluate("navigator.clipboard.readText()")).toBe(`${poll.url}/`);
    });

    test("a pseudonym is kept only where the poll's rule needs one", async () => {
      const { page } = voter;
      const kept = async (): Promise<unknown> =>
        await page.evaluate("localStorage.getItem('carrara.pseudonym.emojivoto')");
      await castVote(page, "joy");
      await page.getByText("Your vote was counted").waitFor();
      expect(await kept()).toBeNull();
      poll.rules = { ...poll.rules, revote: "last" };
      await voter.goTo("/");
      await page.getByText("your latest ballot counts").waitFor();
      await castVote(page, "joy");
      await page.getByText("Your vote was counted").waitFor();
      expect(await kept()).toMatch(/^[0-9a-f]{32}$/);
    });
  });

  describe("the ledger", () => {
    test("a ballot that was exchanged is found by the receipt of any other", async () => {
      const { page } = voter;
      await castVote(page, "pizza");
      await page.getByText("Your vote was counted").waitFor();
      poll.vote(":joy:");
      poll.log.tamper(0, { choice: 2, commitment: new Uint8Array(32).fill(7) });
      await page.getByRole("button", { name: "Check it now" }).click();
      await page.getByText("not a continuation").waitFor();
      await page.getByText("Something is wrong").waitFor();
      await voter.picture("tampered", true);
    });

    test("a ledger that lost ballots is named", async () => {
      const { page } = voter;
      for (let i = 0; i < 3; i += 1) poll.vote(":joy:");
      await castVote(page, "pizza");
      await page.getByText("Your vote was counted").waitFor();
      poll.log.truncate(2);
      await page.getByRole("button", { name: "Check it now" }).click();
      await page.getByText("ballots were taken away").waitFor({ timeout: 15_000 });
    });
  });

  describe("the leaderboard", () => {
    test("shows one push to two viewers, equal votes in a stable order", async () => {
      const viewers = [await another(), await another()];
      for (const viewer of viewers) {
        await viewer.goTo("/leaderboard");
        await viewer.page.getByText("Live", { exact: true }).waitFor();
      }
      poll.vote(":rocket:");
      poll.vote(":joy:");
      for (const { page } of viewers) {
        await page.getByText("2 votes for 2 emoji").waitFor();
        const names = await page.locator(".place .name").allInnerTexts();
        expect(names).toEqual(["joy", "rocket"]);
      }
      await viewers[0]?.page.getByRole("button", { name: "Check the signed count" }).click();
      await viewers[0]?.page.getByText("exactly what you see here").waitFor();
      expect(await viewers[0]?.accessibility()).toEqual([]);
      poll.vote(":joy:");
      await viewers[0]?.page.getByText("Votes have come in since").waitFor();
      expect(await viewers[0]?.page.getByText("exactly what you see here").count()).toBe(0);
    });

    test("asks again and again where no events come", async () => {
      poll.hasEvents = false;
      await voter.goTo("/leaderboard");
      await voter.page.getByText("Updated every few seconds").waitFor();
      poll.vote(":joy:");
      await voter.page.getByText("1 vote for 1 emoji").waitFor({ timeout: 10_000 });
    });

    test("hides results until the poll closes, and says how many ballots there are", async () => {
      poll.rules = { ...poll.rules, interimResults: "hidden" };
      poll.vote(":joy:");
      await voter.goTo("/leaderboard");
      await voter.page.getByText("1 ballot is in the ledger").waitFor();
      expect(await voter.page.locator(".standings").count()).toBe(0);
      await voter.picture("leaderboard-hidden");
      poll.rules = { ...poll.rules, closes: new Date(Date.now() - 1000) };
      await voter.page.reload();
      await voter.page.getByText("The poll is closed.").waitFor();
      await voter.page.getByRole("list", { name: "Emoji by votes" }).waitFor();
    });

    test("whose numbers are not the signed ones is called out", async () => {
      poll.vote(":joy:");
      poll.invented = 5;
      await voter.goTo("/leaderboard");
      await voter.page.getByText("6 votes for 1 emoji").waitFor();
      await voter.page.getByRole("button", { name: "Check the signed count" }).click();
      await voter.page.getByText("are not those that the voting service signed").waitFor();
    });
  });

  describe("the verify page", () => {
    test("says simulation and never shows a lock or green", async () => {
      const { page } = voter;
      await page.getByRole("link", { name: "attested · simulation" }).click();
      await page.getByText("Verified, in a simulation").waitFor();
      const text = await page.locator("body").innerText();
      expect(text).not.toMatch(/[🔒🔐]/u);
      for (const needed of ["carrara verify", "cannot vouch for itself", "emojivoto-admin"]) {
        expect(text).toContain(needed);
      }
      expect(await page.locator(".notice.good, .badge.hardware").count()).toBe(0);
      for (const summary of await page.locator("summary").all()) await summary.click();
      expect(await page.locator("body").innerText()).toContain("e1".repeat(32));
      expect(await voter.accessibility()).toEqual([]);
    });

    test("warns of a changed manifest in words until the voter accepts it", async () => {
      const { page } = voter;
      await page.getByRole("link", { name: "attested · simulation" }).waitFor();
      await poll.mesh.raiseVersion();
      await page.reload();
      await page.getByRole("link", { name: "changed" }).click();
      await page.getByText("What runs here has changed").waitFor();
      await page.getByText("The security version of package voting-svc rises").waitFor();
      expect(await voter.accessibility()).toEqual([]);
      await voter.picture("changed");
      await voter.goTo("/");
      await choose(page, "joy");
      await page.getByText("The rules of this service changed").waitFor();
      await page.getByRole("link", { name: "See what changed" }).click();
      await page.getByRole("button", { name: "I accept this manifest" }).click();
      await page.getByRole("link", { name: "attested · simulation" }).waitFor();
      await page.reload();
      await page.getByRole("link", { name: "attested · simulation" }).waitFor();
    });

    test("names the check that failed and its code", async () => {
      poll.distort = (bundle) => {
        bundle["site"] = { chain: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" };
      };
      await voter.goTo("/verify");
      await voter.page.getByText("Refused", { exact: true }).waitFor();
      await voter.page.getByText("SITE_CERTIFICATE_FOREIGN").waitFor();
      expect(await voter.accessibility()).toEqual([]);
      await voter.picture("refused");
    });
  });

  describe("looks and languages", () => {
    test.each([
      ["light", 1100],
      ["dark", 1100],
      ["light", 390],
      ["dark", 390],
      ["light", 320],
    ] as const)("every page is accessible and fits: %s, %i px", async (colorScheme, width) => {
      for (const [name, votes] of CROWD) {
        for (let i = 0; i < votes; i += 1) poll.vote(`:${name}:`);
      }
      const viewer = await another({ colorScheme, viewport: { width, height: 800 } });
      const { page } = viewer;
      const look = async (): Promise<void> => {
        expect(await viewer.accessibility()).toEqual([]);
        const overflow: unknown = await page.evaluate(
          "document.documentElement.scrollWidth > document.documentElement.clientWidth",
        );
        expect(overflow).toBe(false);
      };
      await viewer.goTo("/");
      await page.getByRole("button", { name: "Vote for joy" }).waitFor();
      await look();
      await choose(page, "joy");
      await look();
      await page.getByRole("button", { name: "Cast my vote" }).click();
      await page.getByText("Your vote was counted").waitFor();
      await page.getByRole("button", { name: "Check it now" }).click();
      await page.getByText("Your ballot is counted.").waitFor();
      await look();
      if (width < 500) await viewer.picture(`phone-${colorScheme}`);
      await viewer.goTo("/leaderboard");
      await page.getByRole("list", { name: "Emoji by votes" }).waitFor();
      await look();
      if (colorScheme === "dark" && width > 500) await viewer.picture("dark");
      await viewer.goTo("/verify");
      await page.getByText("Verified, in a simulation").waitFor();
      await look();
      await viewer.goTo("/nowhere");
      await page.getByText("There is nothing at this address.").waitFor();
      await look();
    });

    test("speaks German to a German browser, and English when asked to", async () => {
      const viewer = await another({ locale: "de-AT" });
      const { page } = viewer;
      await viewer.goTo("/verify");
      await page.getByText("Geprüft, in einer Simulation").waitFor();
      await page.getByText("Der Schlüssel, mit dem Ihr Stimmzettel versiegelt wird").waitFor();
      expect(await page.evaluate("document.documentElement.lang")).toBe("de");
      await page.getByRole("combobox", { name: "Sprache" }).selectOption("English");
      await page.getByText("Verified, in a simulation").waitFor();
      await page.reload();
      await page.getByText("Verified, in a simulation").waitFor();
    });

    test("keeps the appearance that the voter chose", async () => {
      const { page } = voter;
      const scheme = async (): Promise<unknown> =>
        await page.evaluate("getComputedStyle(document.documentElement).colorScheme");
      await page.getByRole("button", { name: "Appearance: as the system" }).click();
      await page.getByRole("button", { name: "Appearance: light" }).click();
      await page.getByRole("button", { name: "Appearance: dark" }).waitFor();
      expect(await scheme()).toBe("dark");
      await page.reload();
      await page.getByRole("button", { name: "Appearance: dark" }).waitFor();
      expect(await scheme()).toBe("dark");
    });
  });
});
