import { expect, test } from "vitest";
import { longestValidity } from "./validity.ts";

test("the longest validity is Go's longest duration", () => {
  const now = new Date("2026-12-01T00:00:00.000Z");
  const { notBefore, notAfter } = longestValidity(now);
  expect(notBefore).toEqual(now);
  expect(BigInt(notAfter.getTime() - now.getTime())).toBe((2n ** 63n - 1n) / 1_000_000n);
});
