import { parseArgs } from "node:util";

/** What the command line asks for. */
export interface CommandLine {
  readonly parserRuns: number;
  readonly verifierRuns: number;
  readonly seed: number;
  readonly target?: string;
  readonly timeLimitMs?: number;
  /** One input in place of a run: hex, or a file after `@`. */
  readonly replay?: string;
  readonly part: string;
  /** File of the world that a finding was made in. */
  readonly world?: string;
}

/** Printed for arguments that are none. */
export const USAGE =
  "usage: npm run fuzz -- [--runs N] [--seed S] [--target NAME] [--time-limit SECONDS]\n" +
  "       npm run fuzz -- --target NAME [--seed S] [--part PART] [--world FILE] --replay HEX|@FILE";

const DEFAULT_RUNS = 1_000_000;
/** Parser inputs for each of a verifier. */
const VERIFIER_SHARE = 100;

/** Reads the arguments. Throws a TypeError for what is no option or no number. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string" },
      seed: { type: "string" },
      target: { type: "string" },
      "time-limit": { type: "string" },
      replay: { type: "string" },
      part: { type: "string" },
      world: { type: "string" },
    },
  });
  const runs = integer("runs", values.runs) ?? DEFAULT_RUNS;
  const limit = integer("time-limit", values["time-limit"]);
  const { target, replay, part = "", world } = values;
  if (replay !== undefined && target === undefined) throw new TypeError("--replay needs --target");
  // A target by itself gets all of the runs, whatever its kind.
  const verifierRuns = target === undefined ? Math.ceil(runs / VERIFIER_SHARE) : runs;
  return {
    parserRuns: runs,
    verifierRuns,
    seed: integer("seed", values.seed) ?? 1,
    part,
    ...(target === undefined ? {} : { target }),
    ...(limit === undefined ? {} : { timeLimitMs: limit * 1000 }),
    ...(replay === undefined ? {} : { replay }),
    ...(world === undefined ? {} : { world }),
  };
}

function integer(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new TypeError(`--${name} needs a number`);
}
