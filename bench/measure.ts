import { type BenchCase, pairedRatio, series } from "./report.ts";

const ROUNDS = 5;
const ROUND_MS = 1200;

/** Something that is done over and over. */
export interface Work {
  readonly what: string;
  readonly run: () => Promise<unknown> | unknown;
}

/** How often a second `ours` and `theirs` are done, in turns, so that both see the same machine. */
export async function compare(
  name: string,
  unit: string,
  ours: Work["run"],
  theirs: Work,
): Promise<BenchCase> {
  const measured: number[] = [];
  const baseline: number[] = [];
  await perSecond(ours, ROUND_MS / 3);
  await perSecond(theirs.run, ROUND_MS / 3);
  for (let round = 0; round < ROUNDS; round += 1) {
    measured.push(await perSecond(ours, ROUND_MS));
    baseline.push(await perSecond(theirs.run, ROUND_MS));
  }
  return {
    name,
    measured: series(unit, measured),
    baseline: { what: theirs.what, ...series(unit, baseline) },
    ratio: pairedRatio(measured, baseline),
  };
}

/** How often a second `run` is done when it is done one after the other. */
export async function perSecond(run: Work["run"], durationMs: number): Promise<number> {
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < durationMs) {
    const result = run();
    if (result instanceof Promise) await result;
    count += 1;
  }
  return count / ((performance.now() - start) / 1000);
}
