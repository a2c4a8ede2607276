import { expect, test } from "vitest";
import { coalesce } from "./coalesce.ts";

test("callers share the next run, never one that began before they called", async () => {
  const gates: (() => void)[] = [];
  let runs = 0;
  const shared = coalesce(async () => {
    const run = ++runs;
    await new Promise<void>((resolve) => gates.push(resolve));
    return run;
  });
  const first = shared();
  await new Promise(setImmediate);
  const later = [shared(), shared(), shared()];
  gates[0]?.();
  expect(await first).toBe(1);
  await new Promise(setImmediate);
  gates[1]?.();
  expect(await Promise.all(later)).toEqual([2, 2, 2]);
});

test("a run that fails fails its callers only", async () => {
  let runs = 0;
  const shared = coalesce(async () => {
    runs += 1;
    if (runs === 1) throw new TypeError("first");
    return await Promise.resolve(runs);
  });
  await expect(shared()).rejects.toThrow("first");
  expect(await shared()).toBe(2);
});
