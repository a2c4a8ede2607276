import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareUtf8, encodeGoJson, type GoJsonValue } from "./go-json-encode.ts";

describe("writing as Go writes", () => {
  test.each<[string, GoJsonValue, string]>([
    ["nil", null, "null"],
    ["bytes", Uint8Array.of(1, 2, 3), '"AQID"'],
    ["empty bytes", new Uint8Array(0), '""'],
    ["an empty map", new Map(), "{}"],
    ["an empty array", [], "[]"],
    [
      "map keys sorted by their bytes",
      new Map([
        ["b", 1],
        ["B", 2],
        ["\u{1f600}", 3],
        ["\uffee", 4],
      ]),
      '{"B":2,"b":1,"\uffee":4,"\u{1f600}":3}',
    ],
    ["struct fields in their order", { b: 1, a: 2 }, '{"b":1,"a":2}'],
    ["undefined fields omitted", { a: undefined, b: null }, '{"b":null}'],
    ["undefined items", [undefined, 1], "[null,1]"],
    ["all 64 bits", 18446744073709551615n, "18446744073709551615"],
    ["floats", [1.5, 1e21, 1e-7, -0], "[1.5,1e+21,1e-7,-0]"],
    ["HTML characters", "<a>&", '"\\u003ca\\u003e\\u0026"'],
    ["line separators", "\u2028\u2029", '"\\u2028\\u2029"'],
    ["control characters", '\b\f\n\r\t\u0001"\\\u007f', '"\\b\\f\\n\\r\\t\\u0001\\"\\\\\u007f"'],
    ["lone surrogates", "\ud800", '"\\ufffd"'],
    ["keys escaped too", new Map([["<", true]]), '{"\\u003c":true}'],
  ])("%s", (_name, value, text) => {
    expect(encodeGoJson(value)).toBe(text);
  });

  test("without HTML escaping only what JSON needs is escaped", () => {
    expect(encodeGoJson({ "<": '&>"' }, { escapeHtml: false })).toBe('{"<":"&>\\""}');
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("refuses %s", (value) => {
    expect(() => encodeGoJson([value])).toThrow(
      expect.objectContaining({ name: "ManifestError", code: "JSON_UNENCODABLE" }),
    );
  });

  test("JSON.parse reads back what was written", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, escapeHtml) => {
        const json = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(encodeGoJson(json, { escapeHtml }))).toEqual(json);
      }),
    );
  });

  test("keys order by code point, shorter first", () => {
    expect(compareUtf8("a", "ab")).toBeLessThan(0);
    expect(compareUtf8("\uffff", "\u{10000}")).toBeLessThan(0);
    expect(compareUtf8("é", "é")).toBe(0);
  });
});
