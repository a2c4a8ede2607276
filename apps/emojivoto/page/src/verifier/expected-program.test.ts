import { expect, test } from "vitest";
import { expectedProgramOf } from "./expected-program.ts";

const ID = "0a".repeat(32);

test.each([
  ["", { kind: "any" }],
  ["  ", { kind: "any" }],
  [` ${ID.toUpperCase()} `, { kind: "named", uniqueId: ID }],
  [ID.slice(1), { kind: "unreadable" }],
  [`${ID}0`, { kind: "unreadable" }],
  [`0x${ID}`, { kind: "unreadable" }],
])("the entry %o expects %o", (text, expected) => {
  expect(expectedProgramOf(text)).toEqual(expected);
});
