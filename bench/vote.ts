import { startEmojivoto } from "../tests/e2e/support/mesh.ts";
import { answerOf } from "./answer-of.ts";
import { startYardstick } from "./child.ts";
import { runLoad } from "./load.ts";
import { type BenchReport, pairedRatio, series } from "./report.ts";

const ROUNDS = 9;
const SECONDS = 3;
const CONNECTIONS = 64;
const ONE_VOTE = { method: "POST", path: "/api/vote?choice=%3Ajoy%3A" } as const;

/** Votes a second through HTTPS and mutual TLS, against node:https answering the same bytes. */
export async function benchVote(): Promise<BenchReport> {
  const { mesh, ca, stop } = await startEmojivoto();
  const web = { port: mesh.ports.web, ca };
  const bare = await startYardstick("bare-server.ts", (await answerOf(web, ONE_VOTE)).headers);
  try {
    const measured: number[] = [];
    const baseline: number[] = [];
    let failures = 0;
    for (let round = -1; round < ROUNDS; round += 1) {
      const mine = await rate(web);
      const theirs = await rate(bare);
      failures += mine.failures + theirs.failures;
      if (round < 0) continue;
      measured.push(mine.perSecond);
      baseline.push(theirs.perSecond);
    }
    return {
      name: "vote",
      goal: "ratio >= 0.5",
      measured: series("votes/s", measured),
      baseline: { what: "bare node:https", ...series("requests/s", baseline) },
      ratio: pairedRatio(measured, baseline),
      details: { connections: CONNECTIONS, failures },
    };
  } finally {
    bare.stop();
    await stop();
  }
}

async function rate({
  port,
}: {
  readonly port: number;
}): Promise<{ perSecond: number; failures: number }> {
  const result = await runLoad({
    ...{ port, connections: CONNECTIONS, seconds: SECONDS },
    ...ONE_VOTE,
  });
  return {
    perSecond: (result.answers - result.failures) / result.seconds,
    failures: result.failures,
  };
}
