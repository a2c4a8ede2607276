import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createPauses } from "./pauses.ts";
import { collateralRefusalOf } from "./refusal.ts";

/** How long a name is paused after `failures` failures of one kind, by trying. */
function pauseOf(
  failures: number,
  jitter: number,
  refusal: Parameters<ReturnType<typeof createPauses>["add"]>[1],
): number {
  const pauses = createPauses(() => jitter);
  for (let i = 0; i < failures; i += 1) pauses.add("key", refusal, 0);
  return Number(collateralRefusalOf(pauses.refusalNow(["key"], 0))?.retryAfterMs);
}

describe("a pause", () => {
  test.each([
    ["starts at half a second to one", 1, 0, { kind: "failed" }, 500],
    ["starts at half a second to one", 1, 1, { kind: "failed" }, 1000],
    ["doubles", 4, 0, { kind: "unreachable" }, 4000],
    ["ends at five minutes", 40, 1, { kind: "malformed" }, 300_000],
    ["is five minutes for what is unknown, always", 9, 0.7, { kind: "unknown" }, 300_000],
    ["obeys Retry-After", 1, 0, { kind: "throttled", retryAfterMs: 60_000 }, 60_000],
    ["is spread by a tenth of it", 1, 1, { kind: "throttled", retryAfterMs: 60_000 }, 66_000],
    ["obeys it from an error too", 1, 0, { kind: "failed", retryAfterMs: 9000 }, 9000],
    ["grows past a short Retry-After", 5, 0, { kind: "throttled", retryAfterMs: 0 }, 8000],
  ] as const)("%s (%#)", (_, failures, jitter, refusal, ms) => {
    expect(pauseOf(failures, jitter, refusal)).toBe(ms);
  });

  test("of several names is the longest", () => {
    const pauses = createPauses(() => 0);
    pauses.add("a", { kind: "failed" }, 0);
    pauses.add("b", { kind: "unknown" }, 0);
    expect(collateralRefusalOf(pauses.refusalNow(["a", "b", "c"], 0))).toMatchObject({
      kind: "unknown",
    });
    expect(pauses.refusalNow(["a"], 500)).toBeUndefined();
    expect(pauses.refusalNow(["c"], 0)).toBeUndefined();
  });

  test("is not ended by an answer that was on its way, but forgotten after one that came later", () => {
    const pauses = createPauses(() => 0);
    const lengthAt = (at: number): unknown =>
      collateralRefusalOf(pauses.refusalNow(["a"], at))?.retryAfterMs;
    pauses.add("a", { kind: "failed" }, 0);
    pauses.end(["a"], 499);
    expect(lengthAt(499)).toBe(1);
    pauses.add("a", { kind: "failed" }, 500);
    expect(lengthAt(500)).toBe(1000);
    pauses.end(["a"], 1500);
    pauses.add("a", { kind: "failed" }, 1500);
    expect(lengthAt(1500)).toBe(500);
  });

  test("is forgotten when 1024 others follow", () => {
    const pauses = createPauses(() => 0);
    for (let i = 0; i < 1025; i += 1) pauses.add(String(i), { kind: "unknown" }, 0);
    expect(pauses.refusalNow(["0"], 0)).toBeUndefined();
    expect(pauses.refusalNow(["1"], 0)).toBeDefined();
  });

  test("lasts from half of its length to 11 tenths of what was asked for", () => {
    const jitter = fc.double({ min: 0, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), jitter, fc.nat(3_600_000), (n, j, asked) => {
        const ms = pauseOf(n, j, { kind: "throttled", retryAfterMs: asked });
        expect(ms).toBeGreaterThanOrEqual(Math.max(asked, 500));
        expect(ms).toBeLessThanOrEqual(Math.max(asked * 1.1, 300_000));
      }),
    );
  });
});
