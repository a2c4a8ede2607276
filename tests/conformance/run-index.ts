import { runDcapCase } from "./dcap-case.ts";
import { type CaseContext, type Check, type IndexCase, readJson } from "./index-case.ts";
import { runSigstructCase } from "./sigstruct-case.ts";

/** Outcome of a run: how many passed, which failed and why, which kinds were not run. */
export interface IndexResult {
  readonly passed: number;
  /** One line each. */
  readonly failures: readonly string[];
  /** Count of cases by kind. */
  readonly skipped: ReadonlyMap<string, number>;
}

type Runner = (item: IndexCase, context: CaseContext) => Promise<void>;

const RUNNERS: ReadonlyMap<string, Runner> = new Map([
  ["sgx-dcap", runDcapCase],
  ["tdx-dcap", runDcapCase],
  ["sgx-sigstruct", runSigstructCase],
]);

/** Runs every case of the vector index at `url` whose kind is supported. */
export async function runIndex(url: URL): Promise<IndexResult> {
  const { cases } = (await readJson(url)) as { readonly cases: readonly IndexCase[] };
  const resolve = (file: string): URL => new URL(file, url);
  const skipped = new Map<string, number>();
  const failures: string[] = [];
  let passed = 0;
  for (const item of cases) {
    const runner = RUNNERS.get(item.kind);
    if (runner === undefined) {
      skipped.set(item.kind, (skipped.get(item.kind) ?? 0) + 1);
      continue;
    }
    const wrong = await runCase(runner, item, { cases, resolve });
    if (wrong.length === 0) passed += 1;
    else failures.push(`${item.id}: ${wrong.join("; ")}`);
  }
  return { passed, failures, skipped };
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
