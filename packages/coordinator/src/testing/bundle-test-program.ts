import { bundleProgram } from "@carrara/ledger/testing";

/** A program beside this file that a test starts and kills. */
export type TestProgram = "commit-loop" | "history-loop";

/** Bundles one of them into one file. */
export function bundleTestProgram(program: TestProgram, outFile: string): void {
  const sources: Readonly<Record<TestProgram, URL>> = {
    "commit-loop": new URL("./commit-loop.ts", import.meta.url),
    "history-loop": new URL("./history-loop.ts", import.meta.url),
  };
  bundleProgram(sources[program], outFile);
}
