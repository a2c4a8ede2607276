import { expect, onTestFinished, test } from "vitest";
import { MarbleError } from "./error.ts";
import { createRenewalLoop, type Renewed } from "./renewal-loop.ts";
import { createMemoryLog } from "./testing/memory-log.ts";

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** A loop in a time that passes only when asked to; `random` is always 0.5. */
function world(lifeMs: number, answer: (attempt: number, now: number) => Renewed | Error) {
  let now = 0;
  const attempts: number[] = [];
  const stopped = new AbortController();
  onTestFinished(() => stopped.abort());
  const log = createMemoryLog();
  let wake: { readonly at: number; readonly end: () => void } | undefined;
  const loop = createRenewalLoop({
    now: () => now,
    random: () => 0.5,
    log,
    signal: stopped.signal,
    sleep: async (ms, signal) =>
      await new Promise((resolve, reject) => {
        wake = { at: now + ms, end: resolve };
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
    validUntil: [lifeMs],
    async renew() {
      attempts.push(now);
      const outcome = answer(attempts.length, now);
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  });
  const ended = loop.run();
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  /** Lets time pass until `end`. */
  const passUntil = async (end: number): Promise<void> => {
    await settle();
    while (wake !== undefined && wake.at <= end) {
      now = wake.at;
      wake.end();
      await settle();
    }
    now = end;
  };
  return { loop, attempts, log, passUntil, settle, stopped, ended };
}

const renewed = (validUntil: number, rotated = false): Renewed => ({
  validUntil: [validUntil],
  rotated,
});

test("renews before two thirds of each certificate's life, in sleeps of a day at most", async () => {
  const { attempts, passUntil } = world(90 * DAY_MS, (_, now) => renewed(now + 90 * DAY_MS));
  await passUntil(59 * DAY_MS);
  expect(attempts.map((at) => at / DAY_MS)).toEqual([57]);
  await passUntil(119 * DAY_MS);
  expect(attempts.map((at) => at / DAY_MS)).toEqual([57, 114]);
});

test("asks ever sooner, but not without end, for a certificate that asking does not change", async () => {
  const { attempts, passUntil } = world(DAY_MS, () => renewed(DAY_MS));
  await passUntil(30 * DAY_MS);
  expect(attempts.length).toBeGreaterThan(5);
  expect(attempts.length).toBeLessThan(20);
  expect(Math.max(...attempts)).toBeLessThan(DAY_MS + 1_001);
});

test("keeps what it has after failures, says so, and tries again with growing waits up to an hour", async () => {
  const { attempts, passUntil, log } = world(3 * DAY_MS, (attempt) =>
    attempt < 20 ? new MarbleError("ACTIVATION_REFUSED", "refused") : renewed(YEAR_MS),
  );
  await passUntil(3 * DAY_MS);
  const waits = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
  expect(waits.slice(0, 3)).toEqual([22_500, 45_000, 90_000]);
  expect(Math.max(...waits)).toBe(2_700_000);
  expect(attempts).toHaveLength(20);
  expect(log.lines).toHaveLength(19);
  expect(log.lines[0]?.fields).toMatchObject({ code: "ACTIVATION_REFUSED" });
});

test("renews soon after a stranger, and once only for many of them", async () => {
  const { loop, attempts, passUntil } = world(YEAR_MS, (_, now) => renewed(now + YEAR_MS, true));
  await passUntil(DAY_MS);
  for (let count = 0; count < 100; count += 1) loop.meetStranger();
  await passUntil(DAY_MS + 5_000);
  expect(attempts).toEqual([DAY_MS + 1_000]);
});

test("is asked by strangers that no renewal makes known once an hour in the end", async () => {
  const { loop, attempts, passUntil } = world(YEAR_MS, (_, now) => renewed(now + YEAR_MS));
  for (let second = 1; second <= 86_400; second += 1) {
    loop.meetStranger();
    await passUntil(second * 1_000);
  }
  expect(attempts.length).toBeGreaterThan(20);
  expect(attempts.length).toBeLessThan(45);
}, 30_000);

test("ends when its signal is aborted", async () => {
  const { ended, stopped, settle } = world(YEAR_MS, () => renewed(YEAR_MS));
  await settle();
  stopped.abort();
  await expect(ended).resolves.toBeUndefined();
});
