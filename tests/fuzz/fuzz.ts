import { availableParallelism } from "node:os";
import type { TargetReport } from "./run-target.ts";
import type { Target } from "./target.ts";
import { targetsOf } from "./targets.ts";
import { startWorker, type WatchedWorker, type WorkerJob } from "./watched-worker.ts";
import type { FuzzWorld } from "./world.ts";

/** Workers at a time: more than two take the memory of machines that have it for other things. */
const MAX_WORKERS = 2;

/** How much is run, and on what. */
export interface FuzzOptions {
  readonly world: FuzzWorld;
  readonly seed: number;
  /** Inputs of all parsers together. */
  readonly parserRuns: number;
  /** Inputs of all verifiers together, each of which costs some hundred times as much. */
  readonly verifierRuns: number;
  /** Only the target of this name. */
  readonly target?: string;
  /** No target goes on after this; none unless set. */
  readonly timeLimitMs?: number;
  /** Called a few times a second with the inputs that were read so far. */
  readonly onProgress?: (done: number, name: string) => void;
}

/** Runs every target, two at a time, each in a worker that is watched. Throws a TypeError for a target that is not. */
export async function fuzz(options: FuzzOptions): Promise<TargetReport[]> {
  const targets = await targetsOf(options.world);
  const chosen = targets.filter(({ name }) => name === (options.target ?? name));
  if (chosen.length === 0) throw new TypeError(`no target is called ${options.target}`);
  const jobs = jobsOf(chosen, options);
  const reports = new Map<string, TargetReport>();
  const done = new Map<string, number>();
  const queue = [...jobs];
  const deadline = performance.now() + (options.timeLimitMs ?? Number.POSITIVE_INFINITY);
  const progressOf = (name: string) => (count: number) => {
    done.set(name, count);
    const total = [...done.values()].reduce((sum, one) => sum + one, 0);
    options.onProgress?.(total, name);
  };
  const work = async (): Promise<void> => {
    let worker: WatchedWorker | undefined;
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      worker = worker?.isAlive() === true ? worker : startWorker(options.world);
      const limited = { ...job, limitMs: deadline - performance.now() };
      reports.set(job.name, await worker.run(limited, progressOf(job.name)));
    }
    await worker?.close();
  };
  const workers = Math.min(MAX_WORKERS, availableParallelism(), jobs.length);
  await Promise.all(Array.from({ length: workers }, work));
  return jobs.flatMap(({ name }) => reports.get(name) ?? []);
}

/** Runs by weight; the total is exact, whatever is left over being the first target's. */
function jobsOf(targets: readonly Target[], options: FuzzOptions): Omit<WorkerJob, "limitMs">[] {
  const { seed, parserRuns, verifierRuns } = options;
  return (["parser", "verifier"] as const).flatMap((kind) => {
    const runs = kind === "parser" ? parserRuns : verifierRuns;
    const ofKind = targets.filter((target) => target.kind === kind);
    const weights = ofKind.reduce((sum, { weight }) => sum + weight, 0);
    const shares = ofKind.map(({ weight }) => Math.floor((runs * weight) / weights));
    const left = runs - shares.reduce((sum, share) => sum + share, 0);
    return ofKind.map(({ name, seeds }, i) => ({
      name,
      kind,
      seed,
      parts: [...new Set(seeds.map(({ part }) => part))],
      runs: (shares[i] ?? 0) + (i === 0 ? left : 0),
    }));
  });
}
