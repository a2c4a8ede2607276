import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { IndexCase } from "./index-case.ts";
import type { CaseCount } from "./run-index.ts";

/** The vector index beside this repository; tests that need it are skipped where there is none. */
export const VECTOR_INDEX = fileURLToPath(
  new URL("../../../shared/vectors/INDEX.json", import.meta.url),
);

/** The cases of the index. */
export function readIndexCases(): readonly IndexCase[] {
  const { cases } = JSON.parse(readFileSync(VECTOR_INDEX, "utf8")) as {
    readonly cases: readonly IndexCase[];
  };
  return cases;
}

/** How many cases of each kind the index lists. */
export function readIndexCounts(): CaseCount {
  const count: Record<string, number> = {};
  for (const { kind } of readIndexCases()) count[kind] = (count[kind] ?? 0) + 1;
  return count;
}
