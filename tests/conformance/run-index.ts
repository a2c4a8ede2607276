import { runAzureCase } from "./azure-case.ts";
import { runDcapCase } from "./dcap-case.ts";
import type { CaseContext, Check, EvidenceEncoders, IndexCase, ReadFile } from "./index-case.ts";
import { readJson } from "./index-case.ts";
import { runRaTlsCase } from "./ra-tls-case.ts";
import { runSigstructCase } from "./sigstruct-case.ts";
import { runSnpCase, runSnpVekCase } from "./snp-case.ts";

/** Input of a run. */
export interface IndexRun {
  /** The index, as `read` finds it. */
  readonly index: string;
  readonly read: ReadFile;
  /** Left out where the library under test does not make evidence. */
  readonly encoders?: EvidenceEncoders;
}

/** Count of cases by kind. */
export type CaseCount = Readonly<Record<string, number>>;

/** Outcome of a run: how many passed, which failed and why, which kinds were not run. */
export interface IndexResult {
  readonly passed: CaseCount;
  /** One line each. */
  readonly failures: readonly string[];
  readonly skipped: CaseCount;
}

type Runner = (item: IndexCase, context: CaseContext) => Promise<void>;

const RUNNERS: ReadonlyMap<string, Runner> = new Map([
  ["sgx-dcap", runDcapCase],
  ["tdx-dcap", runDcapCase],
  ["sgx-sigstruct", runSigstructCase],
  ["snp", runSnpCase],
  ["snp-vek", runSnpVekCase],
  ["ra-tls", runRaTlsCase],
  ["azure-vtpm", runAzureCase],
]);

/** Runs every case of a vector index whose kind is supported; the same in Node and in a browser. */
export async function runIndex({ index, read, encoders }: IndexRun): Promise<IndexResult> {
  const cases = (await readJson(read, index))["cases"] as readonly IndexCase[];
  const passed: string[] = [];
  const failures: string[] = [];
  const skipped: string[] = [];
  for (const item of cases) {
    const runner = RUNNERS.get(item.kind);
    const wrong = runner && (await runCase(runner, item, { cases, read, encoders }));
    if (wrong === undefined) skipped.push(item.kind);
    else if (wrong.length === 0) passed.push(item.kind);
    else failures.push(`${item.id}: ${wrong.join("; ")}`);
  }
  return { passed: countOf(passed), failures, skipped: countOf(skipped) };
}

function countOf(kinds: readonly string[]): CaseCount {
  const count: Record<string, number> = {};
  for (const kind of kinds) count[kind] = (count[kind] ?? 0) + 1;
  return count;
}

async function runCase(
  runner: Runner,
  item: IndexCase,
  context: Omit<CaseContext, "check">,
): Promise<string[]> {
  const wrong: string[] = [];
  const check: Check = (where, expected, actual) => {
    const [want, have] = [expected, actual].map((value) => JSON.stringify(value));
    if (want !== have) wrong.push(`${where}: expected ${want}, actual ${have}`);
  };
  try {
    await runner(item, { ...context, check });
  } catch (error) {
    // Whatever a case throws fails that case only.
    wrong.push(`expected a verdict, actual ${String(error)}`);
  }
  return wrong;
}
