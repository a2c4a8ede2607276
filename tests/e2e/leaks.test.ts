import { readdir, readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { createBallot, type KeysStatement, parseReceipt, sealBallot } from "@carrara/ballot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askWeb, attestedKeys, codeOf, type RawAnswer } from "./support/ballots.ts";
import { ROOT, startEmojivoto, type TestMesh } from "./support/mesh.ts";
import { type RecordingProxy, startRecordingProxy } from "./support/recording-proxy.ts";

/** What the host can do: sit between all parties, note every packet, read every log. */
const VOTES = 1_000;
const PERMUTATIONS = 2_000;

interface Emoji {
  readonly n: number;
  readonly rpc: string;
  readonly shortcode: string | null;
}

let running: TestMesh;
let keys: KeysStatement;
let front: RecordingProxy;
let back: RecordingProxy;
let agent: Agent;
let choices: readonly (Emoji & { readonly shortcode: string })[];

beforeAll(async () => {
  const rpcs = join(ROOT, "apps/emojivoto/data/emoji-rpcs.json");
  choices = (JSON.parse(await readFile(rpcs, "utf8")) as Emoji[]).flatMap((one) =>
    one.shortcode === null || one.shortcode === ":relaxed:"
      ? []
      : [{ ...one, shortcode: one.shortcode }],
  );
  running = await startEmojivoto({ change: hideResults, images: FIXED });
  const { mesh } = running;
  back = await startRecordingProxy(mesh.plan.bound.get("voting-svc 8080") ?? 0);
  front = await startRecordingProxy(mesh.ports.web);
  await mesh.stopMarble("web");
  await mesh.launchMarble("web", { env: { CARRARA_PORT_MAP: mapThrough(back.port) } });
  await mesh.waitForWeb();
  keys = await attestedKeys(running);
  agent = new Agent({ keepAlive: true, maxSockets: 1, ca: running.ca });
});
afterAll(async () => {
  agent.destroy();
  await front.close();
  await back.close();
  await running.stop();
});

/** The version that counts every emoji. */
const FIXED = new Map([["voting-svc", "voting-svc-fix"]]);

/** With results shown, the public board tells who voted for what when few people vote. */
function hideResults(manifest: string): string {
  return manifest
    .replace('"POLL_INTERIM_RESULTS": "shown"', '"POLL_INTERIM_RESULTS": "hidden"')
    .replace('"POLL_CLOSES": ""', '"POLL_CLOSES": "2099-01-01T00:00:00Z"');
}

/** Web's port map with the way to voting through the host's proxy. */
function mapThrough(port: number): string {
  const { mesh } = running;
  const at = (bound: string): string => `127.0.0.1:${mesh.plan.bound.get(bound)}`;
  return JSON.stringify({
    listen: { "4433": `127.0.0.1:${mesh.ports.web}` },
    dial: {
      "emoji-svc.emojivoto:8080": at("emoji-svc 8080"),
      "voting-svc.emojivoto:8080": `127.0.0.1:${port}`,
    },
  });
}

async function send(path: string, type: string, body: Uint8Array): Promise<RawAnswer> {
  return await new Promise((resolve, reject) => {
    const headers = { "content-type": type, "content-length": body.length };
    const to = { host: "127.0.0.1", servername: "localhost", port: front.port };
    request({ ...to, agent, method: "POST", path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const { statusCode: status = 0, headers: got } = response;
        resolve({ status, headers: got, body: Buffer.concat(chunks) });
      });
    })
      .once("error", reject)
      .end(body);
  });
}

interface Observation {
  readonly choice: number;
  /** What is known without the choice and sizes may follow: how far the log is. */
  readonly log: string;
  readonly up: string;
  readonly down: string;
  /** Bytes between web and voting. */
  readonly inner: number;
  readonly innerUp: number;
  readonly ms: number;
}

async function observe(
  choice: number,
  cast: () => Promise<{ readonly answer: RawAnswer; readonly log: string }>,
): Promise<Observation> {
  front.take();
  back.take();
  const startedAt = performance.now();
  const { answer, log } = await cast();
  const ms = performance.now() - startedAt;
  expect(answer.status).toBe(200);
  // What belongs to this answer has passed.
  await new Promise(setImmediate);
  const outer = front.take();
  const inner = back.take();
  const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0);
  return {
    choice,
    log,
    up: outer.up.join(" "),
    down: outer.down.join(" "),
    inner: sum(inner.down),
    innerUp: sum(inner.up),
    ms,
  };
}

async function plainVote(shortcode: string): Promise<{ answer: RawAnswer; log: string }> {
  const form = `choice=${encodeURIComponent(shortcode)}&pad=`.padEnd(128, "x");
  const answer = await send("/api/v2/vote", "application/x-www-form-urlencoded", Buffer.from(form));
  const { proof } = parseReceipt(answer.body.toString());
  const [, size = ""] = proof.checkpoint.split("\n");
  const log = `${String(proof.index).length} ${size.length} ${proof.hashes.length}`;
  return { answer, log };
}

async function sealedVote(choice: number): Promise<{ answer: RawAnswer; log: string }> {
  const [publicKey = new Uint8Array()] = keys.hpkeKeys;
  const { bytes, openAnswer } = await sealBallot({
    poll: keys.poll,
    publicKey,
    ballot: createBallot(choice),
  });
  const answer = await send("/api/v2/ballot", "application/octet-stream", bytes);
  expect((await openAnswer(answer.body)).outcome).toBe(0);
  return { answer, log: "" };
}

/** Variance between choices over all variance: 0 when sizes know nothing of choices. */
function explained(values: readonly number[], labels: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const groups = new Map<number, number[]>();
  values.forEach((value, i) => {
    const label = labels[i] ?? 0;
    const group = groups.get(label) ?? [];
    groups.set(label, group);
    group.push(value);
  });
  let between = 0;
  for (const group of groups.values()) {
    const own = group.reduce((sum, value) => sum + value, 0) / group.length;
    between += group.length * (own - mean) ** 2;
  }
  return between;
}

/** Whether real choices explain more of the values than every one of many random assignments does. */
function tells(values: readonly number[], labels: readonly number[]): boolean {
  const real = explained(values, labels);
  if (real === 0) return false;
  const shuffled = [...labels];
  for (let round = 0; round < PERMUTATIONS; round += 1) {
    for (let i = shuffled.length - 1; i > 0; i -= 1) {
      const j = Math.floor(Math.random() * (i + 1));
      [shuffled[i], shuffled[j]] = [shuffled[j] ?? 0, shuffled[i] ?? 0];
    }
    if (explained(values, shuffled) >= real) return false;
  }
  return true;
}

test("the test sees a leak of one byte", () => {
  const labels = Array.from({ length: VOTES }, (_, i) => i % 99);
  const values = labels.map(
    (label) => 500 + (label % 7 === 0 ? 1 : 0) + (Math.random() < 0.5 ? 1 : 0),
  );
  expect(tells(values, labels)).toBe(true);
});

test("1,000 votes: packets have one size, and neither sizes nor times know the choice", {
  timeout: 300_000,
}, async () => {
  const drawn = Array.from({ length: VOTES }, () => {
    const one = choices[Math.floor(Math.random() * choices.length)];
    if (one === undefined) throw new Error("no choices");
    return one;
  });
  const half = VOTES / 2;
  const plain: Observation[] = [];
  const sealed: Observation[] = [];
  for (const { n, shortcode } of drawn.slice(0, half)) {
    plain.push(await observe(n, async () => await plainVote(shortcode)));
  }
  for (const { n } of drawn.slice(half)) {
    sealed.push(await observe(n, async () => await sealedVote(n)));
  }
  // The first may have had a handshake before it.
  const kinds = [plain.slice(1), sealed.slice(1)];
  for (const kind of kinds) {
    expect(new Set(kind.map(({ up }) => up)).size).toBe(1);
    // What a receipt says of the log follows its size and the place in it, and nothing else.
    const downs = new Map<string, Set<string>>();
    for (const { log, down } of kind) {
      downs.set(log, (downs.get(log) ?? new Set()).add(down));
    }
    for (const sizes of downs.values()) expect(sizes.size).toBe(1);
    const labels = kind.map(({ choice }) => choice);
    for (const values of [
      kind.map(({ inner }) => inner),
      kind.map(({ innerUp }) => innerUp),
      kind.map(({ ms }) => ms),
    ]) {
      expect(tells(values, labels)).toBe(false);
    }
  }
});

test("no log of any process says anything of a choice", async () => {
  const logs = join(running.stateDir, "logs");
  const all = await Promise.all(
    (await readdir(logs)).map(async (name) => await readFile(join(logs, name), "utf8")),
  );
  const text = all.join("\n");
  expect(text).toContain("ledger is open");
  for (const { rpc, shortcode } of choices) {
    expect(text).not.toContain(shortcode);
    expect(text).not.toContain(encodeURIComponent(shortcode));
    expect(text).not.toContain(`${rpc}"`);
  }
});

test("nobody is shown interim results", async () => {
  const board = async (): Promise<unknown> =>
    JSON.parse((await askWeb(running, "GET", "/api/v2/leaderboard")).body.toString());
  const hidden = { results: [], total: VOTES, poll: { interimResults: "hidden" } };
  await expect.poll(board).toMatchObject(hidden);
  expect((await askWeb(running, "GET", "/api/leaderboard")).body.toString()).toBe("[]\n");
  const tally = await askWeb(running, "GET", "/api/v2/ballot/tally");
  expect([tally.status, codeOf(tally)]).toEqual([403, "RESULTS_HIDDEN"]);
});
