import { expect, test } from "vitest";
import { createCoordinatorAnchor } from "./coordinator-anchor.ts";

/** The Coordinator's counters as they behave. */
function counters(): {
  readonly values: ReadonlyMap<string, bigint>;
  advanceCounter(name: string, value: bigint): Promise<bigint>;
} {
  const values = new Map<string, bigint>();
  return {
    values,
    advanceCounter: async (name, value) => {
      const before = values.get(name) ?? 0n;
      if (value > before) values.set(name, value);
      return await Promise.resolve(before);
    },
  };
}

test("says what it was raised to, and that an empty ledger is where it began", async () => {
  const counter = counters();
  const anchor = createCoordinatorAnchor({ poll: "p", isShared: false, counter });
  expect(await anchor.raise(0)).toBe(0);
  expect(await anchor.raise(5)).toBe(0);
  expect(await anchor.raise(3)).toBe(5);
  expect(await anchor.raise(9)).toBe(5);
  expect([...counter.values]).toEqual([["ledger p", 10n]]);
});

test("a ledger with ballots and no counter is ANCHOR_MISSING, unless replicas share it", async () => {
  const own = createCoordinatorAnchor({ poll: "p", isShared: false, counter: counters() });
  await expect(own.raise(1)).rejects.toMatchObject({
    name: "EmojivotoError",
    code: "ANCHOR_MISSING",
  });
  const shared = createCoordinatorAnchor({ poll: "p", isShared: true, counter: counters() });
  expect(await shared.raise(1)).toBe(0);
});
