import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ANCHOR_PAUSE_MS } from "./anchor.ts";
import { createAnchorKeeper } from "./anchor-keeper.ts";
import type { LedgerError } from "./error.ts";
import { createMemoryAnchor } from "./testing/memory-anchor.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A keeper over a ledger of 10 ballots that the test lets grow, and an anchor that it can cut off. */
function createWorld() {
  const world = { size: 10, warnings: 0, refused: "" };
  const anchor = createMemoryAnchor(10);
  const keeper = createAnchorKeeper({
    anchor,
    log: () => {
      world.warnings += 1;
    },
    nowMs: () => Date.now(),
    ledger: {
      size: () => world.size,
      rootAt: async (size) => new Uint8Array(32).fill(size),
      refresh: async () => undefined,
    },
    refuse: ({ code }: LedgerError) => {
      world.refused = code;
    },
  });
  const grow = (): void => {
    world.size += 1;
    keeper.raiseIfDue();
  };
  return { world, anchor, keeper, grow };
}

test("the last ballot before a silence is anchored within the pause", async () => {
  const { anchor, grow } = createWorld();
  grow();
  expect(anchor.raises).toEqual([]);
  await vi.advanceTimersByTimeAsync(ANCHOR_PAUSE_MS + 1);
  expect(anchor.value).toBe(11);
  await vi.advanceTimersByTimeAsync(10 * ANCHOR_PAUSE_MS);
  expect(anchor.raises).toHaveLength(1);
});

test("many ballots in one pause are one raise", async () => {
  const { anchor, grow } = createWorld();
  for (let i = 0; i < 50; i += 1) grow();
  await vi.advanceTimersByTimeAsync(ANCHOR_PAUSE_MS + 1);
  expect(anchor).toMatchObject({ value: 60, raises: [60] });
});

test("an anchor that was away is raised when it is back, without another ballot, and told once", async () => {
  const { world, anchor, grow } = createWorld();
  anchor.isAway = true;
  grow();
  await vi.advanceTimersByTimeAsync(5 * ANCHOR_PAUSE_MS);
  expect([anchor.value, world.warnings]).toEqual([10, 1]);
  anchor.isAway = false;
  await vi.advanceTimersByTimeAsync(2 * ANCHOR_PAUSE_MS);
  expect(anchor.value).toBe(11);
});

test("an anchor that knows more ballots ends the taking, and is asked no more", async () => {
  const { world, anchor, grow } = createWorld();
  anchor.value = 99;
  grow();
  await vi.advanceTimersByTimeAsync(5 * ANCHOR_PAUSE_MS);
  expect(world.refused).toBe("LEDGER_ROLLED_BACK");
  expect(anchor.raises).toHaveLength(1);
});

test("the end raises it a last time and plans nothing", async () => {
  const { anchor, keeper, grow } = createWorld();
  grow();
  await keeper.finish();
  expect(anchor).toMatchObject({ value: 11, raises: [11] });
  await vi.advanceTimersByTimeAsync(5 * ANCHOR_PAUSE_MS);
  expect(anchor.raises).toHaveLength(1);
});
