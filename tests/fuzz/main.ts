import { fuzz } from "./fuzz.ts";
import { keepFindings } from "./keep-findings.ts";
import { type CommandLine, readCommandLine, USAGE } from "./options.ts";
import { createProgress } from "./progress.ts";
import { loadWorld, readInput, replay } from "./replay.ts";
import { findingsOf, tableOf } from "./report.ts";
import { targetsOf } from "./targets.ts";

/** Runs, or replays one input: 0 when all is good, 1 with findings, 2 for a target that is not. */
async function run(options: CommandLine): Promise<number> {
  const { part, verifierRuns, parserRuns } = options;
  const world = await loadWorld(options.world);
  const targets = await targetsOf(world);
  const target = targets.find(({ name }) => name === options.target);
  if (options.target !== undefined && target === undefined) {
    console.error(`targets: ${targets.map(({ name }) => name).join("; ")}`);
    return 2;
  }
  if (options.replay !== undefined && target !== undefined) {
    const { isFinding, lines } = await replay(target, part, readInput(options.replay));
    console.log(lines.join("\n"));
    return isFinding ? 1 : 0;
  }
  const total = target === undefined ? parserRuns + verifierRuns : parserRuns;
  const progress = createProgress(process.stderr, total);
  const reports = await fuzz({ ...options, world, onProgress: progress.show });
  progress.end();
  for (const text of keepFindings(findingsOf(reports), world)) console.error(`${text}\n`);
  console.log(tableOf(reports));
  return findingsOf(reports).length === 0 ? 0 : 1;
}

let options: CommandLine | undefined;
try {
  options = readCommandLine(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n${USAGE}`);
}
process.exitCode = options === undefined ? 2 : await run(options);
