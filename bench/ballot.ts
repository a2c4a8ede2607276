import { parseKeysStatement } from "@carrara/ballot";
import { startEmojivoto } from "../tests/e2e/support/mesh.ts";
import { answerOf } from "./answer-of.ts";
import { ballotSteps } from "./ballot-steps.ts";
import { startNaivePath, startYardstick } from "./child.ts";
import { cpuTimeOf } from "./cpu-time.ts";
import { type LoadOptions, type LoadResult, runLoad } from "./load.ts";
import { type BenchCase, type BenchReport, median, pairedRatio, series } from "./report.ts";
import { type SealTo, sealedBallots } from "./sealed-ballots.ts";

const ROUNDS = 9;
const SECONDS = 3;
const CONNECTIONS = 64;
/** More than any run answers. */
const BALLOTS = SECONDS * 12_000;

const FORM = "choice=%3Ajoy%3A&pad=".padEnd(128, "x");
const FORM_TYPE = "application/x-www-form-urlencoded";
const PLAIN = {
  method: "POST",
  path: "/api/v2/vote",
  contentType: FORM_TYPE,
  bodies: [Buffer.from(FORM)],
} as const;
const SEALED = {
  method: "POST",
  path: "/api/v2/ballot",
  contentType: "application/octet-stream",
} as const;
const NAIVE = { method: "POST", path: "/api/vote?choice=%3Ajoy%3A" } as const;

/**
 * Votes a second that are durable and have receipts, through HTTPS and mutual TLS: plain and sealed, against
 * node:https answering the same bytes and against the originals' two unary calls a vote.
 */
export async function benchBallot(): Promise<BenchReport> {
  const emojivoto = await startEmojivoto();
  const web = { port: emojivoto.mesh.ports.web, ca: emojivoto.ca };
  const sealTo = await sealToOf(web);
  const bare = await bareWithReceipts(web);
  const naive = await startNaivePath();
  const rounds: Record<"plain" | "sealed" | "bare" | "naive", LoadResult[]> = {
    plain: [],
    sealed: [],
    bare: [],
    naive: [],
  };
  const before = await treeSizeOf(web);
  const pids = ["web", "voting-svc"].map((type) => emojivoto.mesh.marbles.get(type)?.pid ?? 0);
  const costs = { plain: createCost(pids), sealed: createCost(pids) };
  let acknowledged = 0;
  try {
    for (let round = -1; round < ROUNDS; round += 1) {
      const sealed = { ...SEALED, bodies: sealedBallots(sealTo, BALLOTS) };
      const results = {
        plain: await costs.plain.of(async () => await run(web, PLAIN)),
        bare: await run(bare, PLAIN),
        naive: await run(naive, NAIVE),
        sealed: await costs.sealed.of(async () => await run(web, sealed)),
      };
      acknowledged += good(results.plain) + good(results.sealed);
      if (round < 0) continue;
      for (const name of ["plain", "sealed", "bare", "naive"] as const) {
        rounds[name].push(results[name]);
      }
    }
    const stored = (await treeSizeOf(web)) - before;
    // What was under way when a run ended is stored, too, at most one a connection and run.
    if (stored < acknowledged) throw new Error(`${stored} stored, ${acknowledged} acknowledged`);
    return reportOf(rounds, {
      acknowledged,
      stored,
      cpuMicrosecondsAVote: { plain: costs.plain.each(), sealed: costs.sealed.each() },
      ...ballotSteps(),
    });
  } finally {
    bare.stop();
    naive.stop();
    await emojivoto.stop();
  }
}

interface Server {
  readonly port: number;
  readonly ca: string;
}

async function run(
  { port }: Pick<Server, "port">,
  request: Pick<LoadOptions, "method" | "path" | "contentType" | "bodies">,
): Promise<LoadResult> {
  return await runLoad({ port, connections: CONNECTIONS, seconds: SECONDS, ...request });
}

/** Adds up what web and voting take of the processor in runs. */
function createCost(pids: readonly number[]): {
  of(work: () => Promise<LoadResult>): Promise<LoadResult>;
  each(): { readonly web: number; readonly voting: number };
} {
  const taken = pids.map(() => 0);
  let answers = 0;
  const each = (i: number): number => Math.round((10 * (taken[i] ?? 0)) / answers) / 10;
  return {
    of: async (work) => {
      const before = pids.map(cpuTimeOf);
      const result = await work();
      pids.forEach((pid, i) => {
        taken[i] = (taken[i] ?? 0) + cpuTimeOf(pid) - (before[i] ?? 0);
      });
      answers += result.answers;
      return result;
    },
    each: () => ({ web: each(0), voting: each(1) }),
  };
}

const good = ({ answers, failures }: LoadResult): number => answers - failures;
const perSecond = (result: LoadResult): number => good(result) / result.seconds;

function reportOf(
  rounds: Record<"plain" | "sealed" | "bare" | "naive", readonly LoadResult[]>,
  details: Readonly<Record<string, unknown>>,
): BenchReport {
  const rates = (name: keyof typeof rounds): number[] => rounds[name].map(perSecond);
  const versus = (name: "plain" | "sealed", other: "bare" | "naive", what: string): BenchCase => ({
    name: `${name} against ${other}`,
    measured: series("votes/s", rates(name)),
    baseline: { what, ...series("requests/s", rates(other)) },
    ratio: pairedRatio(rates(name), rates(other)),
    details: {
      p50Ms: median(rounds[name].map(({ latencyMs }) => latencyMs.p50)),
      p99Ms: median(rounds[name].map(({ latencyMs }) => latencyMs.p99)),
      failures: rounds[name].reduce((sum, { failures }) => sum + failures, 0),
    },
  });
  const first = versus("plain", "bare", "bare node:https, the same bytes");
  return {
    ...first,
    name: "ballot",
    goal: "plain >= 0.45 x bare, p99 <= 30 ms; plain >= 8 x naive; sealed >= 2 x naive, p99 <= 60 ms",
    cases: [
      first,
      versus("plain", "naive", "two unary calls a vote, in memory"),
      versus("sealed", "naive", "two unary calls a vote, in memory"),
    ],
    details: { connections: CONNECTIONS, ...details },
  };
}

async function sealToOf(web: Server): Promise<SealTo> {
  const { body } = await answerOf(web, { method: "GET", path: "/api/v2/ballot/keys" });
  const { keys } = JSON.parse(body) as { keys: { statement: string }[] };
  const text = Buffer.from(keys[0]?.statement ?? "", "base64").toString();
  const { poll, hpkeKeys } = parseKeysStatement(text);
  return { poll, publicKey: hpkeKeys[0] ?? new Uint8Array(0) };
}

/** node:https that answers each request with one and the same receipt. */
async function bareWithReceipts(web: Server): ReturnType<typeof startYardstick> {
  const vote = { ...PLAIN, headers: { "content-type": FORM_TYPE }, body: FORM };
  const answer = await answerOf(web, vote);
  return await startYardstick("bare-server.ts", answer.headers, answer.body);
}

async function treeSizeOf(web: Server): Promise<number> {
  // The board is pushed at most four times a second.
  await new Promise((resolve) => setTimeout(resolve, 600));
  const { body } = await answerOf(web, { method: "GET", path: "/api/v2/leaderboard" });
  return (JSON.parse(body) as { treeSize: number }).treeSize;
}
