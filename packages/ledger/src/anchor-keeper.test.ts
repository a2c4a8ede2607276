import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ANCHOR_PAUSE_MS, type Anchor } from "./anchor.ts";
import { createAnchorKeeper } from "./anchor-keeper.ts";
import type { LedgerError } from "./error.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A keeper over a ledger of 10 ballots that the test lets grow, and an anchor that it can cut off. */
function createWorld() {
  const world = { size: 10, anchored: 10, isAway: false, raises: 0, warnings: 0, refused: "" };
  const anchor: Anchor = {
    raise: async (size) => {
      world.raises += 1;
      if (world.isAway) throw new Error("no answer");
      const before = world.anchored;
      world.anchored = Math.max(before, size);
      return before;
    },
  };
  const keeper = createAnchorKeeper({
    anchor,
    log: () => {
      world.warnings += 1;
    },
    nowMs: () => Date.now(),
    size: () => world.size,
    refresh: async () => undefined,
    refuse: ({ code }: LedgerError) => {
      world.refused = code;
    },
  });
  const grow = (): void => {
    world.size += 1;
    keeper.raiseIfDue();
  };
  return { world, keeper, grow };
}

test("the last ballot before a silence is anchored within the pause", async () => {
  const { world, grow } = createWorld();
  grow();
  expect(world.raises).toBe(0);
  await vi.advanceTimersByTimeAsync(ANCHOR_PAUSE_MS + 1);
  expect(world.anchored).toBe(11);
  await vi.advanceTimersByTimeAsync(10 * ANCHOR_PAUSE_MS);
  expect(world.raises).toBe(1);
});

test("many ballots in one pause are one raise", async () => {
  const { world, grow } = createWorld();
  for (let i = 0; i < 50; i += 1) grow();
  await vi.advanceTimersByTimeAsync(ANCHOR_PAUSE_MS + 1);
  expect(world).toMatchObject({ anchored: 60, raises: 1 });
});

test("an anchor that was away is raised when it is back, without another ballot, and told once", async () => {
  const { world, grow } = createWorld();
  world.isAway = true;
  grow();
  await vi.advanceTimersByTimeAsync(5 * ANCHOR_PAUSE_MS);
  expect(world).toMatchObject({ anchored: 10, warnings: 1 });
  world.isAway = false;
  await vi.advanceTimersByTimeAsync(2 * ANCHOR_PAUSE_MS);
  expect(world.anchored).toBe(11);
});

test("an anchor that knows more ballots ends the taking, and is asked no more", async () => {
  const { world, grow } = createWorld();
  world.anchored = 99;
  grow();
  await vi.advanceTimersByTimeAsync(5 * ANCHOR_PAUSE_MS);
  expect(world).toMatchObject({ refused: "LEDGER_ROLLED_BACK", raises: 1 });
});

test("the end raises it a last time and plans nothing", async () => {
  const { world, keeper, grow } = createWorld();
  grow();
  await keeper.finish();
  expect(world).toMatchObject({ anchored: 11, raises: 1 });
  await vi.advanceTimersByTimeAsync(5 * ANCHOR_PAUSE_MS);
  expect(world.raises).toBe(1);
});
