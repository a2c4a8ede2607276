import { request } from "node:https";
import { startEmojivoto } from "../tests/e2e/support/mesh.ts";
import { answerOf } from "./answer-of.ts";
import { startYardstick } from "./child.ts";
import { cpuTimeOf } from "./cpu-time.ts";
import { runLoad } from "./load.ts";
import { type BenchReport, median, pairedRatio, series } from "./report.ts";

const ROUNDS = 5;
const SECONDS = 3;
const CONNECTIONS = 64;
const VIEWERS = 1_000;
/** Long enough for a heartbeat. */
const QUIET_MS = 20_000;
const CHANGES = 8;
const READ = { method: "GET", path: "/api/v2/leaderboard" } as const;

/** Reads of the board a second, and what a thousand who watch it live cost when nothing and when something changes. */
export async function benchLeaderboard(): Promise<BenchReport> {
  const { mesh, ca, stop } = await startEmojivoto();
  const web = { port: mesh.ports.web, ca };
  await voteForAll(web);
  const board = await answerOf(web, READ);
  const bare = await startYardstick("bare-server.ts", board.headers, board.body);
  try {
    const measured: number[] = [];
    const baseline: number[] = [];
    const p99: number[] = [];
    for (let round = -1; round < ROUNDS; round += 1) {
      const mine = await read(web);
      const theirs = await read(bare);
      if (round < 0) continue;
      measured.push(mine.perSecond);
      p99.push(mine.p99);
      baseline.push(theirs.perSecond);
    }
    return {
      name: "leaderboard",
      goal: "reads >= 10,000/s; >= 1,000 live viewers with <= 5 % of web's time on unchanged data",
      measured: series("reads/s", measured),
      baseline: { what: "bare node:https, the same bytes", ...series("reads/s", baseline) },
      ratio: pairedRatio(measured, baseline),
      details: {
        connections: CONNECTIONS,
        bytes: board.body.length,
        p99Ms: median(p99),
        ...(await watch(web, mesh.marbles.get("web")?.pid ?? 0)),
      },
    };
  } finally {
    bare.stop();
    await stop();
  }
}

interface Server {
  readonly port: number;
  readonly ca: string;
}

async function read({ port }: Pick<Server, "port">): Promise<{ perSecond: number; p99: number }> {
  const options = { port, connections: CONNECTIONS, seconds: SECONDS, ...READ };
  const { answers, failures, seconds, latencyMs } = await runLoad(options);
  return { perSecond: (answers - failures) / seconds, p99: latencyMs.p99 };
}

/** A full board: each emoji has votes. */
async function voteForAll(web: Server): Promise<void> {
  const { body } = await answerOf(web, { method: "GET", path: "/api/list" });
  for (const { shortcode } of JSON.parse(body) as { shortcode: string }[])
    await vote(web, shortcode);
}

async function vote(web: Server, shortcode: string): Promise<void> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const form = `choice=${encodeURIComponent(shortcode)}`;
  await answerOf(web, { method: "POST", path: "/api/vote", headers, body: form });
}

/** Web's share of a processor while a thousand watch: a quiet board, then one that changes. */
async function watch(web: Server, pid: number): Promise<Readonly<Record<string, number>>> {
  const viewers = await Promise.all(Array.from({ length: VIEWERS }, () => openViewer(web)));
  // What opening the connections left to do.
  await pause(2_000);
  const quiet = await shareOf(pid, async () => await pause(QUIET_MS));
  const lags: number[] = [];
  const busy = await shareOf(pid, async () => {
    for (let i = 0; i < CHANGES; i += 1) {
      const before = viewers.map(({ events }) => events());
      const start = performance.now();
      await vote(web, ":joy:");
      while (viewers.some(({ events }, at) => events() === before[at])) await pause(5);
      lags.push(performance.now() - start);
    }
  });
  for (const { close } of viewers) close();
  return {
    viewers: viewers.length,
    percentOfWebsTimeUnchanged: quiet,
    percentOfWebsTimeChanging: busy,
    medianMsUntilAllHaveAChange: Math.round(median(lags)),
  };
}

async function openViewer({ port, ca }: Server): Promise<{ events(): number; close(): void }> {
  return await new Promise((resolve, reject) => {
    const path = "/api/v2/leaderboard/events";
    request({ host: "localhost", port, ca, path, agent: false }, (response) => {
      let events = 0;
      response.on("data", (chunk: Buffer) => {
        if (chunk.includes("event: board")) events += 1;
      });
      response.on("error", () => undefined);
      resolve({ events: () => events, close: () => response.destroy() });
    })
      .once("error", reject)
      .end();
  });
}

async function shareOf(pid: number, work: () => Promise<void>): Promise<number> {
  const before = cpuTimeOf(pid);
  const start = performance.now();
  await work();
  const share = (cpuTimeOf(pid) - before) / 1000 / (performance.now() - start);
  return Math.round(share * 10_000) / 100;
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
