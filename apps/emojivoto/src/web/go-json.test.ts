import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { goJson } from "./go-json.ts";

describe("Go's JSON", () => {
  test.each([
    ["<b>&", '"\\u003cb\\u003e\\u0026"'],
    ["\u2028\u2029", '"\\u2028\\u2029"'],
    ["😂 ☠️", '"😂 ☠️"'],
    ['a"\\\n', '"a\\"\\\\\\n"'],
  ])("of %j is %s", (text, json) => {
    expect(goJson(text)).toBe(json);
  });

  test("reads back as the same text and never holds markup", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const json = goJson(text);
        expect(JSON.parse(json)).toBe(text);
        expect(json).not.toMatch(/[<>&]/);
      }),
    );
  });
});
