import type { PollRules } from "@carrara/ballot";
import { describe, expect, test, vi } from "vitest";
import { createKeptLog } from "../testing/start-demo.ts";
import { createEndMark } from "./end-mark.ts";
import { openPollClock, type PollClock } from "./poll-clock.ts";

const BEFORE = "2027-01-01T00:00:00Z";
const CLOSES = "2027-01-02T00:00:00Z";
const RULES: PollRules = {
  opens: undefined,
  closes: new Date(CLOSES),
  revote: "unlimited",
  interimResults: "hidden",
};

/** A Coordinator's counter, a ledger and a machine's clock, all of them the test's. */
function createWorld() {
  const counters = new Map<string, bigint>();
  const world = { time: BEFORE, root: 1, isAway: false, isWritable: true, log: createKeptLog() };
  const advanceCounter = async (name: string, value: bigint): Promise<bigint> => {
    if (world.isAway) throw new Error("no answer");
    const before = counters.get(name) ?? 0n;
    if (value > before) counters.set(name, value);
    return before;
  };
  const restart = async (changes: Partial<PollRules> = {}): Promise<PollClock> =>
    await openPollClock({
      rules: { ...RULES, ...changes },
      now: () => new Date(world.time),
      mark: createEndMark({ poll: "test", isShared: false, counter: { advanceCounter } }),
      log: world.log,
      ledger: {
        checkpoint: () => ({
          size: 1,
          root: new Uint8Array(32).fill(world.root),
          text: "",
          note: "",
        }),
        status: () =>
          world.isWritable
            ? { kind: "writable" }
            : { kind: "readOnly", code: "LEDGER_WRITE_FAILED", reason: "" },
      },
    });
  return { world, restart };
}

const shows = async (clock: PollClock): Promise<void> => {
  await vi.waitFor(() => expect(clock.areResultsHidden()).toBe(false));
};

describe("hidden results", () => {
  test("are shown after the poll closes, and no clock that is set back opens it again", async () => {
    const { world, restart } = createWorld();
    const clock = await restart();
    expect(clock.areResultsHidden()).toBe(true);
    world.time = CLOSES;
    await shows(clock);
    world.time = BEFORE;
    expect(clock.state()).toBe("closed");
    expect(clock.now()).toEqual(new Date(CLOSES));
  });

  test("that were shown once end the poll for good, also after a restart with a clock set back", async () => {
    const { world, restart } = createWorld();
    world.time = CLOSES;
    await shows(await restart());
    world.time = BEFORE;
    const again = await restart({ closes: new Date("2027-02-01T00:00:00Z") });
    expect(again.state()).toBe("closed");
    expect(again.areResultsHidden()).toBe(false);
  });

  test("are over one tree: another one after a restart is refused with POLL_RESULT_CHANGED", async () => {
    const { world, restart } = createWorld();
    world.time = CLOSES;
    await shows(await restart());
    world.root = 2;
    await expect(restart()).rejects.toMatchObject({ code: "POLL_RESULT_CHANGED" });
  });

  test("are shown by one of two processes over copies, whichever asks first, also after a restart", async () => {
    const { world, restart } = createWorld();
    const first = await restart();
    const copy = await restart();
    world.time = CLOSES;
    await shows(first);
    // A larger mark, which the counter would take.
    world.root = 2;
    expect(copy.areResultsHidden()).toBe(true);
    await vi.waitFor(() => expect(world.log.lines.join()).toContain("POLL_RESULT_CHANGED"));
    expect(copy.areResultsHidden()).toBe(true);
    await expect(restart()).rejects.toMatchObject({ code: "POLL_RESULT_CHANGED" });
    world.root = 1;
    expect((await restart()).areResultsHidden()).toBe(false);
  });

  test("wait for ballots that came in time", async () => {
    const { world, restart } = createWorld();
    const clock = await restart();
    let finish = (): void => undefined;
    const counting = clock.counting(
      async () =>
        await new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    world.time = CLOSES;
    expect(clock.areResultsHidden()).toBe(true);
    await new Promise(setImmediate);
    expect(clock.areResultsHidden()).toBe(true);
    let told = 0;
    clock.onShown(() => {
      told += 1;
    });
    finish();
    await counting;
    await shows(clock);
    expect(told).toBe(1);
  });

  test("stay hidden while nobody knows whether a group was written", async () => {
    const { world, restart } = createWorld();
    world.time = CLOSES;
    world.isWritable = false;
    const clock = await restart();
    expect(clock.areResultsHidden()).toBe(true);
    await new Promise(setImmediate);
    expect(clock.areResultsHidden()).toBe(true);
  });

  test("wait for a Coordinator that does not answer", async () => {
    const { world, restart } = createWorld();
    const clock = await restart();
    world.time = CLOSES;
    world.isAway = true;
    expect(clock.areResultsHidden()).toBe(true);
    await new Promise(setImmediate);
    expect(clock.areResultsHidden()).toBe(true);
    world.isAway = false;
    await shows(clock);
  });
});

test("results that are not hidden are shown at all times", async () => {
  const { restart } = createWorld();
  expect((await restart({ interimResults: "shown" })).areResultsHidden()).toBe(false);
});
