import { once } from "node:events";
import { setInterval } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Finding, TargetReport } from "./run-target.ts";
import type { FuzzWorld } from "./world.ts";

/** After this long without another input, the one that is being read never ends. */
const STALL_MS = 30_000;
const LOOK_MS = 250;
/** A reader that wants more than this for 64 KiB of input is at fault. */
const MAX_HEAP_MB = 1024;
/** Largest input that can be told after a worker has died. */
const MAX_INPUT_BYTES = 1024 * 1024;

/** What a worker is to do. */
export interface WorkerJob {
  readonly name: string;
  readonly kind: TargetReport["kind"];
  readonly seed: number;
  readonly runs: number;
  readonly limitMs: number;
  /** Parts that inputs may be of, for {@link PART}. */
  readonly parts: readonly string[];
}

/** What a worker starts with; it writes into `control` and `input` before each run. */
export interface WorkerStart {
  readonly world: FuzzWorld;
  readonly control: Int32Array;
  readonly input: Uint8Array;
}

/** A worker that is ended when it hangs; what it was reading is then the finding. */
export interface WatchedWorker {
  run(job: WorkerJob, onProgress: (done: number) => void): Promise<TargetReport>;
  isAlive(): boolean;
  close(): Promise<void>;
}

/** Places in {@link WorkerStart.control}. */
export const ITERATION = 0;
export const LENGTH = 1;
export const PART = 2;
const CONTROL_BYTES = 3 * Int32Array.BYTES_PER_ELEMENT;

/** Starts a worker over `world`. */
export function startWorker(world: FuzzWorld): WatchedWorker {
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
  const input = new Uint8Array(new SharedArrayBuffer(MAX_INPUT_BYTES));
  const start: WorkerStart = { world, control, input };
  const worker = new Worker(new URL("./worker-entry.mjs", import.meta.url), {
    workerData: start,
    execArgv: ["--conditions=@carrara/source"],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  let alive = true;
  worker.once("exit", () => {
    alive = false;
  });
  return {
    isAlive: () => alive,
    close: async () => void (await worker.terminate()),
    run: async (job, onProgress) => {
      const report = await answerOf(worker, start, job, onProgress);
      if (report instanceof Error) {
        alive = false;
        await worker.terminate();
        return lostReport(job, report.message, start);
      }
      return report;
    },
  };
}

/** The worker's report or, when there will be none, an error that says why. */
async function answerOf(
  worker: Worker,
  { control }: WorkerStart,
  job: WorkerJob,
  onProgress: (done: number) => void,
): Promise<TargetReport | Error> {
  const listening = new AbortController();
  const { signal } = listening;
  Atomics.store(control, ITERATION, 0);
  worker.postMessage(job);
  try {
    return await Promise.race([
      once(worker, "message", { signal }).then(([report]) => report as TargetReport),
      stallOf(control, signal, onProgress),
    ]);
  } catch (error) {
    return new Error(`ended its thread: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    listening.abort();
  }
}

/** Tells of progress until there is none for too long; for ever when all goes well. */
async function stallOf(
  control: Int32Array,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<Error> {
  let last = -1;
  let since = performance.now();
  for await (const _ of setInterval(LOOK_MS, undefined, { signal })) {
    const iteration = Atomics.load(control, ITERATION);
    if (iteration !== last) since = performance.now();
    else if (performance.now() - since > STALL_MS) break;
    last = iteration;
    onProgress(iteration);
  }
  return new Error(`took over ${STALL_MS / 1000} s`);
}

/** All that is left of a worker that did not come back. */
function lostReport(job: WorkerJob, what: string, { control, input }: WorkerStart): TargetReport {
  const { name, kind, seed, parts } = job;
  const iteration = Atomics.load(control, ITERATION);
  const bytes = new Uint8Array(input.subarray(0, Atomics.load(control, LENGTH)));
  const finding: Finding = {
    ...{ target: name, seed, iteration, what, input: bytes },
    part: parts[Atomics.load(control, PART)] ?? "",
    delivery: "plain",
  };
  return {
    name,
    kind,
    runs: iteration + 1,
    accepted: 0,
    refused: 0,
    slowestMs: STALL_MS,
    findings: [finding],
  };
}
