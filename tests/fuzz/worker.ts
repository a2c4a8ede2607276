import { parentPort, workerData } from "node:worker_threads";
import { runTarget } from "./run-target.ts";
import { targetsOf } from "./targets.ts";
import { ITERATION, LENGTH, PART, type WorkerJob, type WorkerStart } from "./watched-worker.ts";

// Most of a refusal's time would go into a stack that nobody looks at.
Error.stackTraceLimit = 0;

const { world, control, input } = workerData as WorkerStart;
const targets = new Map((await targetsOf(world)).map((target) => [target.name, target]));

parentPort?.on("message", (job: WorkerJob) => {
  void run(job);
});

async function run({ name, seed, runs, limitMs, parts }: WorkerJob): Promise<void> {
  const target = targets.get(name);
  if (target === undefined) throw new TypeError(`no target is called ${name}`);
  const deadline = performance.now() + limitMs;
  const report = await runTarget(target, {
    seed,
    runs,
    goOn: () => performance.now() < deadline,
    onInput: (iteration, { part, bytes }) => {
      const shown = bytes.subarray(0, input.length);
      input.set(shown);
      control[LENGTH] = shown.length;
      control[PART] = parts.indexOf(part);
      Atomics.store(control, ITERATION, iteration);
    },
  });
  parentPort?.postMessage(report);
}
