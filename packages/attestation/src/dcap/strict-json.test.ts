import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseStrictJson, StrictJsonError } from "./strict-json.ts";

describe("strict JSON", () => {
  test("reads integers, texts, lists and objects", () => {
    const parsed = parseStrictJson('{"a":[1,-2,0],"b":{"c":"x\\u0041"},"d":null,"e":true}');
    expect(parsed).toEqual(
      new Map<string, unknown>([
        ["a", [1, -2, 0]],
        ["b", new Map([["c", "xA"]])],
        ["d", null],
        ["e", true],
      ]),
    );
  });

  test.each([
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    "1.5",
    "1e3",
    "9007199254740993",
    "01",
    "[1,]",
    "{} x",
    "NaN",
    '"\n"',
    "",
    "[".repeat(100),
    '{"__proto__":1,"__proto__":2}',
  ])("refuses %j", (text) => {
    expect(() => parseStrictJson(text)).toThrow(StrictJsonError);
  });

  test("any text gives a value or a StrictJsonError, and never more than JSON.parse accepts", () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.string({ unit: fc.constantFrom(...'[]{},:"1ea ') }),
    );
    fc.assert(
      fc.property(text, (input) => {
        let accepted = true;
        try {
          parseStrictJson(input);
        } catch (error) {
          expect(error).toBeInstanceOf(StrictJsonError);
          accepted = false;
        }
        if (accepted) expect(() => JSON.parse(input)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});
