import { describe, expect, test } from "vitest";
import { type CommitQueue, createCommitQueue } from "./commit-queue.ts";
import { CoordinatorError } from "./error.ts";

const add = (n: number) => (state: number) => ({ state: state + n, result: state + n });

describe("a commit queue", () => {
  test("shares a save among the changes that wait", async () => {
    const saved: number[] = [];
    const queue = createCommitQueue({
      initial: 0,
      save: async (state) => {
        await Promise.resolve();
        saved.push(state);
      },
    });
    const results = await Promise.all([1, 2, 3].map(async (n) => await queue.apply(add(n))));
    expect(results).toEqual([1, 3, 6]);
    expect(queue.current()).toBe(6);
    expect(saved).toEqual([6]);
  });

  test("shows a change only once it is saved", async () => {
    let release: () => void = () => undefined;
    const queue = createCommitQueue({
      initial: 0,
      save: async () => await new Promise<void>((resolve) => (release = resolve)),
    });
    const pending = queue.apply(add(1));
    await Promise.resolve();
    await Promise.resolve();
    expect(queue.current()).toBe(0);
    release();
    expect(await pending).toBe(1);
    expect(queue.current()).toBe(1);
  });

  test("refuses one change without harm to its neighbours", async () => {
    const queue = createCommitQueue({ initial: 0, save: async () => undefined });
    const refuse = () => {
      throw new TypeError("no");
    };
    const outcomes = await Promise.allSettled([
      queue.apply(add(1)),
      queue.apply(refuse),
      queue.apply(add(2)),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(queue.current()).toBe(3);
  });

  test("keeps the old state when saving fails, and goes on", async () => {
    let broken = true;
    const queue = createCommitQueue({
      initial: 0,
      save: async () => {
        if (broken) throw new TypeError("disk");
      },
    });
    await expect(queue.apply(add(1))).rejects.toThrow("disk");
    expect(queue.current()).toBe(0);
    broken = false;
    expect(await queue.apply(add(5))).toBe(5);
    await queue.drain();
  });
});

/** A number that several queues save to, with a version that tells them of each other. */
function createSharedNumber() {
  let stored = 0;
  let version = 0;
  const reads = { count: 0 };
  const open = (onChange?: (before: number, after: number) => void): CommitQueue<number> => {
    let seen = version;
    return createCommitQueue({
      initial: stored,
      save: async (state) => {
        await Promise.resolve();
        if (seen !== version) throw new CoordinatorError("STATE_CONFLICT", "newer state");
        stored = state;
        version += 1;
        seen = version;
      },
      load: async (_, evenUnchanged) => {
        reads.count += 1;
        await Promise.resolve();
        if (seen === version && !evenUnchanged) return undefined;
        seen = version;
        return stored;
      },
      ...(onChange === undefined ? {} : { onChange }),
    });
  };
  return { open, reads, stored: () => stored };
}

describe("two commit queues over one state", () => {
  test("lose no change and none counts twice", async () => {
    const shared = createSharedNumber();
    const queues = [shared.open(), shared.open()];
    const changes = Array.from({ length: 200 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i % 20));
      return await queues[i % 2]?.apply(add(1));
    });
    const results = await Promise.all(changes);
    expect(shared.stored()).toBe(200);
    expect([...results].sort((a, b) => (a ?? 0) - (b ?? 0))).toEqual(
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
  });

  test("apply a limit to the newest state", async () => {
    const shared = createSharedNumber();
    const queues = [shared.open(), shared.open()];
    const upToTen = (state: number) => {
      if (state >= 10) throw new TypeError("limit");
      return { state: state + 1, result: state + 1 };
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, async (_, i) => await queues[i % 2]?.apply(upToTen)),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
    expect(shared.stored()).toBe(10);
  });

  test("see each other's changes after a refresh, and tell of them", async () => {
    const shared = createSharedNumber();
    const changes: [number, number][] = [];
    const [one, other] = [shared.open(), shared.open((...change) => changes.push(change))];
    await one.apply(add(7));
    expect(other.current()).toBe(0);
    await other.refresh();
    expect(other.current()).toBe(7);
    expect(changes).toEqual([[0, 7]]);
  });

  test("read once for all refreshes that wait", async () => {
    const shared = createSharedNumber();
    const queue = shared.open();
    await Promise.all(Array.from({ length: 100 }, async () => await queue.refresh()));
    expect(shared.reads.count).toBe(1);
  });

  test("give up with STATE_CONFLICT when others are always faster", async () => {
    let version = 0;
    const queue = createCommitQueue({
      initial: 0,
      save: async () => {
        throw new CoordinatorError("STATE_CONFLICT", "newer state");
      },
      load: async () => (version += 1),
    });
    await expect(queue.apply(add(1))).rejects.toMatchObject({ code: "STATE_CONFLICT" });
    expect(queue.current()).toBe(version);
  });

  test("reject a refresh that cannot read, and go on", async () => {
    let broken = true;
    const queue = createCommitQueue({
      initial: 0,
      save: async () => undefined,
      load: async () => {
        if (broken) throw new CoordinatorError("STORE_FAILED", "no answer");
        return 3;
      },
    });
    await expect(queue.refresh()).rejects.toMatchObject({ code: "STORE_FAILED" });
    broken = false;
    await queue.refresh();
    expect(queue.current()).toBe(3);
  });
});
