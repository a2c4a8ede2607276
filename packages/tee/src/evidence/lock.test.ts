import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { errorCodeOf } from "../testing/error-code.ts";
import { createLock, createProcessLock } from "./lock.ts";

describe("a lock", () => {
  test("lets one task run at a time, in order, and gives each its result", async () => {
    const lock = createLock();
    const events: string[] = [];
    const task = async (name: string): Promise<string> => {
      events.push(`${name} begins`);
      await sleep(1);
      events.push(`${name} ends`);
      return name;
    };
    const results = await Promise.all(["a", "b"].map(async (name) => await lock(() => task(name))));
    expect(results).toEqual(["a", "b"]);
    expect(events).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });

  test("is free again after a task that failed", async () => {
    const lock = createLock();
    const failure = new Error("task");
    await expect(lock(async () => await Promise.reject(failure))).rejects.toBe(failure);
    expect(await lock(async () => 1)).toBe(1);
  });

  test.each([
    [true, "done"],
    [false, "EVIDENCE_UNAVAILABLE"],
  ])("of the process in its main thread %s: %s", async (inMainThread, code) => {
    expect(await errorCodeOf(createProcessLock(inMainThread)(async () => 1))).toBe(code);
  });
});
