import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createThrottle } from "./throttle.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("works at once, then once a pause for whatever came meanwhile", () => {
  let runs = 0;
  const throttle = createThrottle(250, () => {
    runs += 1;
  });
  for (let i = 0; i < 5; i++) throttle.trigger();
  expect(runs).toBe(1);
  vi.advanceTimersByTime(249);
  expect(runs).toBe(1);
  vi.advanceTimersByTime(1);
  expect(runs).toBe(2);
  vi.advanceTimersByTime(10_000);
  expect(runs).toBe(2);
  throttle.trigger();
  expect(runs).toBe(3);
});

test("does not start work again before it is done, and not after it was stopped", async () => {
  const ends: (() => void)[] = [];
  const throttle = createThrottle(0, async () => {
    await new Promise<void>((resolve) => ends.push(resolve));
  });
  throttle.trigger();
  throttle.trigger();
  throttle.trigger();
  expect(ends.length).toBe(1);
  ends[0]?.();
  await vi.waitFor(() => expect(ends.length).toBe(2));
  throttle.trigger();
  throttle.stop();
  ends[1]?.();
  await new Promise(setImmediate);
  vi.advanceTimersByTime(1_000);
  expect(ends.length).toBe(2);
});
