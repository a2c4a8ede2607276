import type { Ledger } from "../ledger.ts";
import { type LedgerOptions, openLedger } from "../open-ledger.ts";
import { createMemoryStore } from "./memory-store.ts";
import { ballotOf } from "./test-ballots.ts";

/** The key of ledgers in tests. */
export const TEST_KEY: Uint8Array = new Uint8Array(32).fill(7);

/** Opens a ledger with volumes of 512 ballots over files in memory, or as `changes` say. */
export async function openTestLedger(
  files: Map<string, Uint8Array>,
  changes: Partial<LedgerOptions> = {},
): Promise<Ledger> {
  return await openLedger({
    store: createMemoryStore(files),
    key: TEST_KEY,
    poll: "test",
    rules: { revote: "unlimited" },
    volumeBallots: 512,
    ...changes,
  });
}

/** Appends the ballots of the numbers `[from, to)` in groups of `groupSize`. */
export async function appendGroups(
  ledger: Ledger,
  from: number,
  to: number,
  groupSize: number,
): Promise<void> {
  for (let next = from; next < to; next += groupSize) {
    const numbers = Array.from({ length: Math.min(groupSize, to - next) }, (_, i) => next + i);
    await Promise.all(numbers.map(async (number) => await ledger.append(ballotOf(number))));
  }
}

/** A copy of files that later changes leave alone. */
export function copyFiles(files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  return new Map([...files].map(([name, bytes]) => [name, bytes.slice()]));
}
