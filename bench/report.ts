import { cpus } from "node:os";

/** Several readings of one figure, with what they are measured in. */
export interface Series {
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: readonly number[];
}

/** One of several figures of a bench. */
export interface BenchCase {
  readonly name: string;
  readonly measured: Series;
  readonly baseline: Series & { readonly what: string };
  readonly ratio: number;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** One bench: its figure, the baseline measured in the same run, and their ratio. */
export interface BenchReport {
  readonly name: string;
  readonly goal: string;
  readonly measured: Series;
  readonly baseline: Series & { readonly what: string };
  /** measured / baseline, median of the pairs that ran next to each other. */
  readonly ratio: number;
  /** Where a bench looks at several things, all of them; the figures above are those of the first. */
  readonly cases?: readonly BenchCase[];
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The middle of `values` (lower of two). */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** The value below which `share` (0 to 1) of `values` lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Summary of `runs`, rounded to three decimals. */
export function series(unit: string, runs: readonly number[]): Series {
  const round = (value: number): number => Math.round(value * 1000) / 1000;
  return {
    unit,
    median: round(median(runs)),
    min: round(Math.min(...runs)),
    max: round(Math.max(...runs)),
    runs: runs.map(round),
  };
}

/** Median of `measured[i] / baseline[i]`. */
export function pairedRatio(measured: readonly number[], baseline: readonly number[]): number {
  const ratio = median(measured.map((value, i) => value / (baseline[i] ?? Number.NaN)));
  return Math.round(ratio * 1000) / 1000;
}

/** The machine a report was made on. */
export function machine(): Readonly<Record<string, unknown>> {
  const all = cpus();
  return { cpus: all.length, model: all[0]?.model, node: process.version };
}

/** Bars to compare at a glance, for a terminal: two for each case. */
export function plot(report: BenchReport): string {
  const cases = (report.cases ?? [report]).map(plotCase);
  return `${cases.join("\n")}goal: ${report.goal}\n`;
}

function plotCase({ name, measured, baseline, ratio }: BenchCase): string {
  const rows: [string, Series][] = [
    [name, measured],
    [baseline.what, baseline],
  ];
  const widest = Math.max(...rows.map(([label]) => label.length));
  const largest = Math.max(...rows.map(([, { median: value }]) => value));
  const lines = rows.map(([label, { median: value, unit }]) => {
    const bar = "█".repeat(Math.max(1, Math.round((40 * value) / largest)));
    return `${label.padEnd(widest)}  ${bar} ${value} ${unit}`;
  });
  return `${lines.join("\n")}\nratio ${ratio}\n`;
}
