import { expect, test } from "vitest";
import { createBallotIds } from "./ballot-id.ts";

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");

test("fresh ids have 16 bytes and never come twice", () => {
  const ids = createBallotIds();
  const all = Array.from({ length: 1_000 }, () => hex(ids.fresh()));
  expect(new Set(all).size).toBe(1_000);
  expect(all.every((id) => id.length === 32)).toBe(true);
});

test("a key always names one id of its own", () => {
  const one = createBallotIds();
  const other = createBallotIds();
  expect(hex(one.ofKey("a"))).toBe(hex(other.ofKey("a")));
  expect(hex(one.ofKey("a"))).not.toBe(hex(one.ofKey("b")));
  expect(one.ofKey("~".repeat(64))?.length).toBe(16);
});

test.each(["", " ", "a b", "ä", "x".repeat(65), "a\n"])("%j is no key", (key) => {
  expect(createBallotIds().ofKey(key)).toBeUndefined();
});
