import { expect, test } from "vitest";
import { renewalTime } from "./renewal.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test.each([
  ["after a day", 0, 0, 30 * DAY, DAY],
  ["at half of the window, when that is sooner", 0, 0, 20 * HOUR, 10 * HOUR],
  ["at half of the window, though it came late", 9 * HOUR, 0, 20 * HOUR, 10 * HOUR],
  ["at half of the rest, past half of the window", 12 * HOUR, 0, 20 * HOUR, 16 * HOUR],
  ["after a day, past half of a long window", 20 * DAY, 0, 30 * DAY, 21 * DAY],
  ["after a minute at least", 20 * HOUR - 1000, 0, 20 * HOUR, 20 * HOUR - 1000 + 60_000],
  [
    "after a minute at least, at its very half",
    10 * HOUR - 1,
    0,
    20 * HOUR,
    10 * HOUR - 1 + 60_000,
  ],
  ["after a day, for what is not valid yet", 0, 40 * DAY, 70 * DAY, DAY],
])("collateral is renewed %s", (_, gotAt, from, until, at) => {
  expect(renewalTime(gotAt, from, until)).toBe(at);
});
