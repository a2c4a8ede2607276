import { describe, expect, test } from "vitest";
import { createCommitQueue } from "./commit-queue.ts";

const add = (n: number) => (state: number) => ({ state: state + n, result: state + n });

describe("a commit queue", () => {
  test("shares a save among the changes that wait", async () => {
    const saved: number[] = [];
    const queue = createCommitQueue(0, async (state) => {
      await Promise.resolve();
      saved.push(state);
    });
    const results = await Promise.all([1, 2, 3].map(async (n) => await queue.apply(add(n))));
    expect(results).toEqual([1, 3, 6]);
    expect(queue.current()).toBe(6);
    expect(saved).toEqual([6]);
  });

  test("shows a change only once it is saved", async () => {
    let release: () => void = () => undefined;
    const queue = createCommitQueue(
      0,
      async () => await new Promise<void>((resolve) => (release = resolve)),
    );
    const pending = queue.apply(add(1));
    await Promise.resolve();
    await Promise.resolve();
    expect(queue.current()).toBe(0);
    release();
    expect(await pending).toBe(1);
    expect(queue.current()).toBe(1);
  });

  test("refuses one change without harm to its neighbours", async () => {
    const queue = createCommitQueue(0, async () => undefined);
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
    const queue = createCommitQueue(0, async () => {
      if (broken) throw new TypeError("disk");
    });
    await expect(queue.apply(add(1))).rejects.toThrow("disk");
    expect(queue.current()).toBe(0);
    broken = false;
    expect(await queue.apply(add(5))).toBe(5);
    await queue.drain();
  });
});
