import { expect, test } from "vitest";
import { createPlainOpenings } from "./plain-opening.ts";

const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const id = (byte: number): Uint8Array => new Uint8Array(16).fill(byte);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("the same vote has the same opening, and every other vote, poll or key another", () => {
  const openingOf = createPlainOpenings(key(1), "poll");
  const openings = [
    openingOf(id(1), 1),
    openingOf(id(1), 2),
    openingOf(id(1), 256),
    openingOf(id(2), 1),
    createPlainOpenings(key(2), "poll")(id(1), 1),
    createPlainOpenings(key(1), "other")(id(1), 1),
  ].map(hex);
  expect(new Set(openings).size).toBe(6);
  expect(openings.every((opening) => opening.length === 64)).toBe(true);
  expect(hex(openingOf(id(1), 1))).toBe(openings[0]);
});

test("an id of another length is a mistake of the caller", () => {
  expect(() => createPlainOpenings(key(1), "poll")(new Uint8Array(15), 1)).toThrow(TypeError);
});
