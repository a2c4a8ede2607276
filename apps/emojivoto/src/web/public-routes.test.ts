import { parseReceipt } from "@carrara/ballot";
import { LedgerError, type LedgerStore } from "@carrara/ledger";
import { createMemoryStore } from "@carrara/ledger/testing";
import { afterEach, describe, expect, test } from "vitest";
import { type Demo, startDemo, type TestVotingOptions } from "../testing/start-demo.ts";

const demos: Demo[] = [];
afterEach(async () => {
  for (const demo of demos.splice(0)) await demo.stop();
});

async function started(options: TestVotingOptions = {}): Promise<Demo> {
  const demo = await startDemo(options);
  demos.push(demo);
  return demo;
}

const FORM = "application/x-www-form-urlencoded";
const post = async (url: string, path: string, body: string, headers = {}): Promise<Response> =>
  await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": FORM, ...headers },
    body,
  });
const codeOf = async (response: Response): Promise<readonly unknown[]> => [
  response.status,
  ((await response.json()) as { code: string }).code,
];

describe("POST /api/v2/vote", () => {
  test.each([["choice=:joy:"], ["choice=%3Ajoy%3A&pad=xxxxxxxx"], ["pad=x&choice=%3ajoy%3a"]])(
    "of %s answers with a receipt",
    async (body) => {
      const { url } = await started();
      const answer = await post(url, "/api/v2/vote", body);
      expect(answer.status).toBe(200);
      const text = await answer.text();
      expect(text.length).toBeLessThan(2_048);
      expect(parseReceipt(text)).toMatchObject({ poll: "emojivoto", proof: { index: 0 } });
    },
  );

  test("has answers of one length for all choices", async () => {
    const { url } = await started({ doughnutCounts: true });
    const lengths = new Set<number>();
    for (const choice of [":joy:", ":stuck_out_tongue_winking_eye:", ":100:", ":doughnut:"]) {
      const answer = await post(url, "/api/v2/vote", `choice=${choice}`);
      expect(answer.status).toBe(200);
      const { proof, ...rest } = JSON.parse(await answer.text());
      lengths.add(JSON.stringify(rest).length);
      expect(proof).toContain("c2sp.org/tlog-proof@v1\nindex ");
    }
    expect(lengths.size).toBe(1);
  });

  test.each([
    ["GET", "", FORM, 405, "METHOD_NOT_ALLOWED"],
    ["POST", "choice=joy", FORM, 400, "CHOICE_UNKNOWN"],
    ["POST", "", FORM, 400, "CHOICE_UNKNOWN"],
    ["POST", "choice=:relaxed:", FORM, 400, "CHOICE_UNKNOWN"],
    ["POST", "choice=:doughnut:", FORM, 500, "VOTE_REFUSED"],
    ["POST", '{"choice":":joy:"}', "application/json", 415, "CONTENT_TYPE_UNSUPPORTED"],
    ["POST", `choice=${"x".repeat(5_000)}`, FORM, 413, "REQUEST_TOO_LARGE"],
  ])("refuses %s of %j as %s with %i %s", async (method, body, type, status, code) => {
    const { url } = await started();
    const answer = await fetch(`${url}/api/v2/vote`, {
      method,
      headers: { "content-type": type },
      ...(method === "GET" ? {} : { body }),
    });
    expect(await codeOf(answer)).toEqual([status, code]);
  });
});

describe("the rules of a poll", () => {
  const now = () => new Date("2027-06-01T00:00:00Z");

  test.each([
    [{ POLL_OPENS: "2028-01-01T00:00:00Z" }, "not-open", "POLL_NOT_OPEN"],
    [{ POLL_CLOSES: "2027-01-01T00:00:00Z" }, "closed", "POLL_CLOSED"],
  ])("%o refuse votes of every kind", async (env, state, code) => {
    const { url } = await started({ env, now });
    expect(await codeOf(await post(url, "/api/v2/vote", "choice=:joy:"))).toEqual([403, code]);
    expect(await codeOf(await post(url, "/api/vote", "choice=:joy:"))).toEqual([403, code]);
    const ballot = await fetch(`${url}/api/v2/ballot`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: new Uint8Array(123),
    });
    expect(await codeOf(ballot)).toEqual([403, code]);
    const board = await (await fetch(`${url}/api/v2/leaderboard`)).json();
    expect(board).toMatchObject({ poll: { state } });
  });

  test("hide results until the poll closes, wherever they could be read", async () => {
    let at = new Date("2027-06-01T00:00:00Z");
    const env = {
      POLL_CLOSES: "2027-06-02T00:00:00Z",
      POLL_INTERIM_RESULTS: "hidden",
    };
    const { url } = await started({ env, now: () => at });
    await post(url, "/api/vote", "choice=:joy:");
    const board = async (): Promise<unknown> =>
      await (await fetch(`${url}/api/v2/leaderboard`)).json();
    await expect.poll(board).toMatchObject({ results: [], total: 1, treeSize: 1 });
    expect(await (await fetch(`${url}/api/leaderboard`)).json()).toEqual([]);
    expect(await codeOf(await fetch(`${url}/api/v2/ballot/tally`))).toEqual([
      403,
      "RESULTS_HIDDEN",
    ]);
    at = new Date("2027-06-03T00:00:00Z");
    const original = async (): Promise<unknown> =>
      await (await fetch(`${url}/api/leaderboard`)).json();
    await expect.poll(original, { timeout: 10_000 }).toHaveLength(1);
  });

  test("of one ballot a pseudonym take no plain votes", async () => {
    const { url } = await started({ env: { POLL_REVOTE: "once" } });
    const refused = [403, "REVOTE_NEEDS_PSEUDONYM"];
    expect(await codeOf(await post(url, "/api/v2/vote", "choice=:joy:"))).toEqual(refused);
    expect(await codeOf(await post(url, "/api/vote", "choice=:joy:"))).toEqual(refused);
  });
});

/** A store whose disk is full while `isFull`. */
function fillingStore(isFull: () => boolean): LedgerStore {
  const store = createMemoryStore();
  return {
    open: async (shape) => {
      const session = await store.open(shape);
      const commit: typeof session.commit = async (...call) => {
        if (isFull()) throw new LedgerError("LEDGER_WRITE_FAILED", "no space left on device");
        await session.commit(...call);
      };
      return Object.create(session, { commit: { value: commit } });
    },
  };
}

test("a full disk is a 503 for votes of every kind and a readable board, until there is room", async () => {
  let isFull = false;
  const { url, log } = await started({ store: fillingStore(() => isFull) });
  await post(url, "/api/vote", "choice=:joy:");
  isFull = true;
  const unavailable = [503, "LEDGER_UNAVAILABLE"];
  expect(await codeOf(await post(url, "/api/v2/vote", "choice=:joy:"))).toEqual(unavailable);
  expect(await codeOf(await post(url, "/api/vote", "choice=:joy:"))).toEqual(unavailable);
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  const board = async (): Promise<unknown> =>
    await (await fetch(`${url}/api/v2/leaderboard`)).json();
  await expect.poll(board).toMatchObject({ total: 1, accepting: false });
  isFull = false;
  expect((await post(url, "/api/v2/vote", "choice=:joy:")).status).toBe(200);
  await expect.poll(board).toMatchObject({ total: 2, accepting: true });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(log.lines.join()).not.toMatch(/joy/);
});

describe("the routes that anybody reads", () => {
  test("outside a mesh have no evidence, and keys that nobody vouches for are not told", async () => {
    const { url } = await started();
    expect(await codeOf(await fetch(`${url}/api/v2/evidence`))).toEqual([
      503,
      "COORDINATOR_UNAVAILABLE",
    ]);
    expect(await (await fetch(`${url}/api/v2/ballot/keys`)).json()).toEqual({ keys: [] });
  });

  test.each([
    ["ballot/tile/0/000.p/2", "public, max-age=31536000, immutable"],
    ["ballot/checkpoint", "no-store"],
    ["leaderboard", "no-store"],
  ])("%s is for any origin and kept as %s", async (path, kept) => {
    const { url } = await started();
    for (const choice of [":joy:", ":taco:"]) await post(url, "/api/v2/vote", `choice=${choice}`);
    const { headers, status } = await fetch(`${url}/api/v2/${path}`);
    expect(status).toBe(200);
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(headers.get("cache-control")).toBe(kept);
  });

  test("refuse other methods", async () => {
    const { url } = await started();
    const answer = await fetch(`${url}/api/v2/ballot/keys`, { method: "DELETE" });
    expect(await codeOf(answer)).toEqual([405, "METHOD_NOT_ALLOWED"]);
  });
});
