import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundleProgram } from "@carrara/ledger/testing";
import { type BenchCase, type BenchReport, pairedRatio, percentile, series } from "./report.ts";

const BALLOTS = 10_000_000;
const ROUNDS = 3;
const GROUPS = 1500;

const run = promisify(execFile);

interface Opened {
  readonly seconds: number;
  /** Of the whole process up to then, Node's own start included. */
  readonly cpuSeconds: number;
  readonly size: number;
  readonly proofMs: readonly number[];
  readonly openRssMb: number;
  readonly rssMb: number;
  readonly peakMb: number;
}

/** A ledger of ten million ballots: start, proofs, memory; then what an append costs. Needs 900 MB. */
export async function benchLedger(): Promise<BenchReport> {
  const dir = await mkdtemp(join(tmpdir(), "carrara-bench-ledger-"));
  try {
    const program = join(dir, "child.mjs");
    bundleProgram(new URL("./ledger-child.ts", import.meta.url), program);
    const child: Child = async (...args) => {
      const { stdout } = await run(process.execPath, [program, ...args.map(String)]);
      return JSON.parse(stdout);
    };
    const append = await appendCase(child, dir);
    const steps = await child("steps");
    const { start, proof, details } = await startCases(child, join(dir, "ledger"));
    return {
      ...start,
      name: "ledger",
      goal: "10 million ballots: start <= 5 s, proof <= 5 ms, memory <= 200 MB",
      cases: [start, proof, append],
      details: { ...details, "steps, us a ballot in groups of 64": steps },
    };
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** Runs one task; its answer is what the task of that name prints. */
type Child = <T>(task: string, ...args: (string | number)[]) => Promise<T>;

async function startCases(child: Child, directory: string) {
  const built = await child("build", directory, BALLOTS);
  const measured: Opened[] = [];
  const baseline: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    measured.push(await child("open", directory));
    baseline.push((await child<{ seconds: number }>("hash", directory)).seconds);
  }
  const seconds = measured.map((opened) => opened.seconds);
  const start: BenchCase = {
    name: "start with 10 million ballots",
    measured: series("s", seconds),
    baseline: { what: "reading and hashing the same files", ...series("s", baseline) },
    ratio: pairedRatio(seconds, baseline),
  };
  const p99 = measured.map(({ proofMs }) => percentile(proofMs, 0.99));
  const p50 = measured.map(({ proofMs }) => percentile(proofMs, 0.5));
  const proof: BenchCase = {
    name: "inclusion proof of any ballot, p99",
    measured: series("ms", p99),
    baseline: { what: "its median", ...series("ms", p50) },
    ratio: pairedRatio(p99, p50),
  };
  const megabytes = (pick: (opened: Opened) => number) => series("MB", measured.map(pick));
  return {
    start,
    proof,
    details: {
      ballots: measured[0]?.size,
      build: built,
      "start, processor": series(
        "s",
        measured.map(({ cpuSeconds }) => cpuSeconds),
      ),
      "appends to it, groups of 64": await child("append", directory, GROUPS),
      "memory after the start": megabytes(({ openRssMb }) => openRssMb),
      "memory after 1,000 proofs": megabytes(({ rssMb }) => rssMb),
      "memory at most": megabytes(({ peakMb }) => peakMb),
    },
  };
}

async function appendCase(child: Child, dir: string): Promise<BenchCase> {
  const measured: { perSecond: number; cpuUs: number }[] = [];
  const baseline: number[] = [];
  const plain = join(dir, "plain");
  await mkdir(plain);
  for (let round = 0; round < ROUNDS; round += 1) {
    measured.push(await child("append", join(dir, `append-${round}`), GROUPS));
    baseline.push((await child<{ perSecond: number }>("write", plain, GROUPS)).perSecond);
  }
  const rates = measured.map(({ perSecond }) => perSecond);
  return {
    name: "durable appends, groups of 64",
    measured: series("ballots/s", rates),
    baseline: { what: "O_DSYNC writes of the same size alone", ...series("ballots/s", baseline) },
    ratio: pairedRatio(rates, baseline),
    details: {
      "processor, us a ballot": series(
        "us",
        measured.map(({ cpuUs }) => cpuUs),
      ),
    },
  };
}
