import { describe, expect, test } from "vitest";
import { isSameValue } from "./same-value.ts";

const map = (...entries: [string, unknown][]) => new Map(entries);

describe("parts of manifests", () => {
  test.each<[unknown, unknown, boolean]>([
    [1n, 1n, true],
    [1n, 1, false],
    [undefined, undefined, true],
    [undefined, null, false],
    [map(["a", 1], ["b", 2]), map(["b", 2], ["a", 1]), true],
    [map(["a", undefined]), map(["b", undefined]), false],
    [map(["a", 1]), map(["a", 1], ["b", 2]), false],
    [map(), {}, false],
    [new Uint8Array([1, 2]), new Uint8Array([1, 2]), true],
    [new Uint8Array([1, 2]), new Uint8Array([1, 3]), false],
    [new Uint8Array([1]), new Uint8Array([1, 0]), false],
    [new Date(5), new Date(5), true],
    [new Date(5), new Date(6), false],
    [new Date(5), {}, false],
    [["a", "b"], ["b", "a"], false],
    [{ a: { b: [1] } }, { a: { b: [1] } }, true],
    [{ a: undefined }, { b: undefined }, false],
  ])("%o and %o are the same: %s", (a, b, same) => {
    expect(isSameValue(a, b)).toBe(same);
    expect(isSameValue(b, a)).toBe(same);
  });
});
