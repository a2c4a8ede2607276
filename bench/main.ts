import { benchActivation } from "./activation.ts";
import { benchBallot } from "./ballot.ts";
import { benchCoordinator } from "./coordinator.ts";
import { benchEvidenceParse } from "./evidence-parse.ts";
import { benchLeaderboard } from "./leaderboard.ts";
import { benchLedger } from "./ledger.ts";
import { benchQuoteVerify } from "./quote-verify.ts";
import { type BenchReport, machine, plot } from "./report.ts";
import { benchStartup } from "./startup.ts";
import { benchVote } from "./vote.ts";

const BENCHES: Readonly<Record<string, () => Promise<BenchReport>>> = {
  activation: benchActivation,
  ballot: benchBallot,
  coordinator: benchCoordinator,
  "evidence-parse": benchEvidenceParse,
  ledger: benchLedger,
  leaderboard: benchLeaderboard,
  "quote-verify": benchQuoteVerify,
  startup: benchStartup,
  vote: benchVote,
};

const name = process.argv[2] ?? "";
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(
    `usage: npm run bench -- NAME, where NAME is one of ${Object.keys(BENCHES).join(", ")}`,
  );
  process.exitCode = 2;
} else {
  const report = await bench();
  console.log(JSON.stringify({ ...report, machine: machine() }, null, 2));
  if (process.stderr.isTTY) process.stderr.write(`\n${plot(report)}`);
}
