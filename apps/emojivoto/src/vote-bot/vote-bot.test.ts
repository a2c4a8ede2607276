import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { listedEmoji } from "../gen/catalogue.ts";
import { type Demo, startDemo } from "../testing/start-demo.ts";
import { testCertificate } from "../testing/test-certificate.ts";
import { runBot } from "./bot.ts";
import { type BotSettings, botSettingsOf } from "./bot-settings.ts";
import { DOUGHNUT, pickVote } from "./pick.ts";
import { seededRandom } from "./random.ts";
import { createWebClient, type WebClient } from "./web-client.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe("the draw", () => {
  const shortcodes = listedEmoji.map(({ shortcode }) => shortcode);

  test("gives the doughnut 15.86 % within 3 sigma of 10 000, and every other emoji its share", () => {
    const random = seededRandom(42);
    const counts = new Map<string, number>();
    for (let i = 0; i < 10_000; i++) {
      const choice = pickVote(shortcodes, random);
      counts.set(choice, (counts.get(choice) ?? 0) + 1);
    }
    expect(Math.abs((counts.get(DOUGHNUT) ?? 0) / 100 - 15.86)).toBeLessThan(1.1);
    expect(counts.size).toBe(99);
    const others = [...counts].filter(([shortcode]) => shortcode !== DOUGHNUT).map(([, n]) => n);
    // Expected 85.86 each; five sigma are 46.
    expect(Math.min(...others)).toBeGreaterThan(40);
    expect(Math.max(...others)).toBeLessThan(132);
  });

  test("is the same for the same seed", () => {
    const draw = (seed: number): string[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 50 }, () => pickVote(shortcodes, random));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });
});

describe("the bot's settings", () => {
  const env = { WEB_HOST: "localhost:443", WEB_CA_FILE: "mesh.pem" };

  test("have the original's defaults", () => {
    expect(botSettingsOf(env, [])).toEqual({
      scheme: "https",
      webHost: "localhost:443",
      hostOverride: undefined,
      caFile: "mesh.pem",
      insecure: false,
      requestRate: 1,
      ttlMs: undefined,
      seed: undefined,
      mode: "post",
    });
  });

  test.each([
    ["unset", undefined, undefined],
    ["0", "0", undefined],
    ["nonsense", "soon", undefined],
    ["5", "5", 5_000],
  ])("a TTL that is %s means %3$s ms", (_, TTL, ttlMs) => {
    expect(botSettingsOf({ ...env, TTL }, []).ttlMs).toBe(ttlMs);
  });

  test.each([
    ["-3", 1],
    ["0", 1],
    ["x", 1],
    ["200", 200],
  ])("a REQUEST_RATE of %s is %i a second", (REQUEST_RATE, rate) => {
    expect(botSettingsOf({ ...env, REQUEST_RATE }, []).requestRate).toBe(rate);
  });

  test("refuse https without certificates to check it by, unless told --insecure", () => {
    expect(() => botSettingsOf({ WEB_HOST: "x" }, [])).toThrow(
      expect.objectContaining({ code: "SETTING_MISSING" }),
    );
    expect(botSettingsOf({ WEB_HOST: "x" }, ["--insecure"]).insecure).toBe(true);
  });

  test("need WEB_HOST", () => {
    expect(() => botSettingsOf({ WEB_CA_FILE: "x" }, [])).toThrow(/WEB_HOST/);
  });
});

describe("the bot", () => {
  const plain = (demo: Demo, MODE: string): BotSettings =>
    botSettingsOf({ WEB_SCHEME: "http", WEB_HOST: new URL(demo.url).host, MODE }, []);

  test.each(["get", "post"])(
    "votes by %s and reports failed votes with their status",
    async (mode) => {
      const demo = await startDemo();
      closers.push(demo.stop);
      const settings = plain(demo, mode);
      const client = createWebClient(settings, undefined);
      const said: string[] = [];
      const complaints: string[] = [];
      const stop = new AbortController();
      const sleep = async (): Promise<void> => {
        if (said.length === 40) stop.abort();
        await Promise.resolve();
      };
      const random = seededRandom(1);
      await runBot(
        {
          settings,
          client,
          random,
          now: () => 0,
          sleep,
          say: (l) => said.push(l),
          complain: (l) => complaints.push(l),
        },
        stop.signal,
      );
      client.close();
      const doughnuts = said.filter((line) => line === `✔ voting for ${DOUGHNUT}`).length;
      expect(doughnuts).toBeGreaterThan(0);
      expect(complaints).toEqual(new Array(doughnuts).fill("vote failed with status 500"));
      const board = (await (await fetch(`${demo.url}/api/v2/leaderboard`)).json()) as {
        total: number;
      };
      expect(board.total).toBe(40 - doughnuts);
    },
  );

  test("ends at the end of its time to live and pauses 1/rate seconds", async () => {
    let now = 0;
    const pauses = new Set<number>();
    const said: string[] = [];
    const client: WebClient = {
      listShortcodes: async () => await Promise.resolve([":joy:"]),
      vote: async () => await Promise.resolve(),
      close: () => undefined,
    };
    await runBot(
      {
        settings: { requestRate: 4, ttlMs: 1_000 },
        client,
        random: () => 0.5,
        now: () => now,
        sleep: async (ms) => {
          pauses.add(ms);
          now += ms;
          await Promise.resolve();
        },
        say: (line) => said.push(line),
        complain: () => undefined,
      },
      new AbortController().signal,
    );
    expect([...pauses]).toEqual([250]);
    expect(said).toEqual([
      ...new Array<string>(3).fill("✔ voting for :joy:"),
      "time to live is over",
    ]);
  });

  test("trusts exactly the certificates it was given", async () => {
    const server = createTlsServer(
      { key: testCertificate.key, cert: testCertificate.pem },
      (_, response) => response.end('[{"shortcode":":joy:"}]'),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const WEB_HOST = `localhost:${(server.address() as AddressInfo).port}`;
    const settings = botSettingsOf({ WEB_HOST, WEB_CA_FILE: "given" }, []);
    const { signal } = new AbortController();
    const trusting = createWebClient(settings, testCertificate.pem);
    expect(await trusting.listShortcodes(signal)).toEqual([":joy:"]);
    trusting.close();
    const doubting = createWebClient(settings, undefined);
    await expect(doubting.listShortcodes(signal)).rejects.toMatchObject({
      code: "BOT_REQUEST_FAILED",
    });
    doubting.close();
  });

  test.each([
    ["[]", "list has no emoji"],
    ['{"error":"x"}', "list has no emoji"],
    ["<html>", "list is not JSON"],
  ])("takes the list %s for a failure", async (body, message) => {
    const server = createTlsServer(
      { key: testCertificate.key, cert: testCertificate.pem },
      (_, response) => response.end(body),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const WEB_HOST = `localhost:${(server.address() as AddressInfo).port}`;
    const client = createWebClient(botSettingsOf({ WEB_HOST }, ["--insecure"]), undefined);
    await expect(client.listShortcodes(new AbortController().signal)).rejects.toMatchObject({
      message,
    });
    client.close();
  });
});
