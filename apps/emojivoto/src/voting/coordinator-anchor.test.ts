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

const root = (number: number): Uint8Array => new Uint8Array(32).fill(number);

test("says what it was raised to, and that an empty ledger is where it began", async () => {
  const counter = counters();
  const anchor = createCoordinatorAnchor({ poll: "p", isShared: false, counter });
  const sizes: number[] = [];
  for (const size of [0, 5, 3, 9]) sizes.push((await anchor.raise(size, root(size))).size);
  expect(sizes).toEqual([0, 0, 5, 5]);
  expect((await anchor.read()).size).toBe(9);
  expect([...counter.values]).toEqual([["ledger p", (10n << 24n) | 0x090909n]]);
});

test("knows the root of what it was raised to, and reading changes nothing", async () => {
  const anchor = createCoordinatorAnchor({ poll: "p", isShared: false, counter: counters() });
  await anchor.raise(0, root(0));
  await anchor.raise(5, root(5));
  const { size, isOf } = await anchor.read();
  expect([size, isOf(root(5)), isOf(root(6))]).toEqual([5, true, false]);
  expect((await anchor.raise(5, root(4))).isOf(root(4))).toBe(false);
  expect((await anchor.read()).isOf(root(5))).toBe(true);
});

test("a ledger with ballots and no counter is ANCHOR_MISSING, unless replicas share it", async () => {
  const counter = counters();
  // Also at the second start: the first one must not have left a counter.
  for (let start = 0; start < 2; start++) {
    const own = createCoordinatorAnchor({ poll: "p", isShared: false, counter });
    expect((await own.read()).size).toBe(0);
    await expect(own.raise(1, root(1))).rejects.toMatchObject({
      name: "EmojivotoError",
      code: "ANCHOR_MISSING",
    });
  }
  const shared = createCoordinatorAnchor({ poll: "p", isShared: true, counter: counters() });
  expect((await shared.raise(1, root(1))).size).toBe(0);
});
