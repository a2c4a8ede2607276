import { toHex, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  goArray,
  goBool,
  goMap,
  goNullable,
  goObject,
  goRaw,
  goString,
  type JsonReading,
  MAX_JSON_BYTES,
  readGoJson,
} from "./go-json.ts";
import { encodeGoJson } from "./go-json-encode.ts";
import { goBytes, goInt, goTime, goUint, goUint16, goUint64 } from "./go-json-scalars.ts";
import { MAX_JSON_DEPTH } from "./json-node.ts";
import { codeOf } from "./testing/code-of.ts";

const inner = goObject({ name: goString, num: goUint16 });
const decoder = goObject({
  text: goString,
  flag: goBool,
  big: goUint64,
  pointer: goNullable(goUint64),
  count: goUint,
  signed: goInt,
  data: goBytes,
  map: goMap(inner),
  list: goArray(goString),
  inner,
  time: goTime,
});
const ZERO = decoder.zero;

function read(text: string | Uint8Array, reading: JsonReading = "whole") {
  return readGoJson(typeof text === "string" ? utf8(text) : text, decoder, reading);
}

describe("reading as Go reads", () => {
  test.each<[string, string, object]>([
    ["exact key", '{"text":"a"}', { text: "a" }],
    ["key in another case", '{"TEXT":"a"}', { text: "a" }],
    ["key with a long s folds to s", '{"\u017figned":-3}', { signed: -3 }],
    ["unknown keys", '{"Clients":{"owner":[9,9,9]},"text":"a"}', { text: "a" }],
    ["the last scalar wins", '{"text":"a","Text":"b"}', { text: "b" }],
    ["null keeps the earlier scalar", '{"text":"a","text":null}', { text: "a" }],
    [
      "a repeated struct merges",
      '{"inner":{"name":"n"},"inner":{"num":3}}',
      { inner: { name: "n", num: 3 } },
    ],
    [
      "a repeated map merges",
      '{"map":{"a":{"num":1}},"map":{"b":{"num":2}}}',
      {
        map: new Map([
          ["a", { name: "", num: 1 }],
          ["b", { name: "", num: 2 }],
        ]),
      },
    ],
    [
      "a repeated map entry replaces",
      '{"map":{"a":{"num":1},"a":{"name":"x"}}}',
      { map: new Map([["a", { name: "x", num: 0 }]]) },
    ],
    [
      "map keys keep their case",
      '{"map":{"a":{},"A":{}}}',
      {
        map: new Map([
          ["a", { name: "", num: 0 }],
          ["A", { name: "", num: 0 }],
        ]),
      },
    ],
    ["a repeated array replaces", '{"list":["a","b"],"list":["c"]}', { list: ["c"] }],
    ["null resets a pointer", '{"pointer":7,"pointer":null}', { pointer: undefined }],
    ["a set pointer", '{"pointer":0}', { pointer: 0n }],
    ["bytes as base64 with line ends", '{"data":"AQ\\r\\nID"}', { data: Uint8Array.of(1, 2, 3) }],
    ["bytes as numbers", '{"data":[1,null,255]}', { data: Uint8Array.of(1, 0, 255) }],
    ["all 64 bits", '{"big":18446744073709551615}', { big: 18446744073709551615n }],
    [
      "a count of 64 bits stays a number",
      '{"count":18446744073709551615}',
      { count: Number.MAX_SAFE_INTEGER },
    ],
    ["a negative integer", '{"signed":-9223372036854775808}', { signed: -Number.MAX_SAFE_INTEGER }],
    ["a surrogate pair", '{"text":"\\ud83d\\ude00"}', { text: "😀" }],
    ["a lone surrogate", '{"text":"\\ud800x"}', { text: "\ufffdx" }],
    [
      "a time",
      '{"time":"2024-01-01T00:00:00.25+02:00"}',
      { time: new Date("2023-12-31T22:00:00.250Z") },
    ],
    ["Go's zero time is none", '{"time":"0001-01-01T00:00:00Z"}', { time: undefined }],
    [
      "a prototype key is a key",
      '{"map":{"__proto__":{"num":1}}}',
      { map: new Map([["__proto__", { name: "", num: 1 }]]) },
    ],
  ])("%s", (_name, text, expected) => {
    expect(read(text)).toEqual({ ...ZERO, ...expected });
  });

  test("null is accepted for every field and means zero", () => {
    const text = `{${Object.keys(ZERO)
      .map((key) => `"${key}":null`)
      .join(",")}}`;
    expect(read(text)).toEqual(ZERO);
    expect(read("null")).toEqual(ZERO);
  });

  test("each broken byte of UTF-8 becomes its own U+FFFD", () => {
    const text = Uint8Array.of(...utf8('{"text":"'), 0xe2, 0x82, 0x41, 0xff, ...utf8('"}'));
    expect(read(text).text).toBe("\ufffd\ufffdA\ufffd");
  });

  test("an object reads into the earlier value without changing it", () => {
    expect(read("{}")).toEqual(ZERO);
    expect(read('{"map":{"a":{}}}').map.size).toBe(1);
    expect(ZERO.map.size).toBe(0);
  });

  test("a raw field keeps digits and member order", () => {
    expect(readGoJson(utf8('{"b":1.50,"a":2,"b":3}'), goRaw, "whole")).toEqual({
      kind: "object",
      members: [
        { key: "b", value: { kind: "number", text: "1.50" } },
        { key: "a", value: { kind: "number", text: "2" } },
        { key: "b", value: { kind: "number", text: "3" } },
      ],
    });
  });
});

describe("refusing as Go refuses", () => {
  test.each<[string, string, string]>([
    ["number for a string", '{"text":1}', "JSON_TYPE"],
    ["string for a number", '{"big":"1"}', "JSON_TYPE"],
    ["number for a boolean", '{"flag":1}', "JSON_TYPE"],
    ["array for an object", '{"inner":[]}', "JSON_TYPE"],
    ["object for an array", '{"list":{}}', "JSON_TYPE"],
    ["array for a map", '{"map":[]}', "JSON_TYPE"],
    ["wrong type in an array", '{"list":["a",1]}', "JSON_TYPE"],
    ["wrong type in a map", '{"map":{"a":1}}', "JSON_TYPE"],
    ["a document of another type", "[]", "JSON_TYPE"],
    ["base64 without padding", '{"data":"AQI"}', "JSON_TYPE"],
    ["base64 with a space", '{"data":"AQ ID"}', "JSON_TYPE"],
    ["a number for bytes", '{"data":1}', "JSON_TYPE"],
    ["a byte of 256", '{"data":[256]}', "JSON_NUMBER"],
    ["a negative count", '{"big":-1}', "JSON_NUMBER"],
    ["a negative zero", '{"big":-0}', "JSON_NUMBER"],
    ["a fraction", '{"big":1.0}', "JSON_NUMBER"],
    ["an exponent", '{"big":1e3}', "JSON_NUMBER"],
    ["65 bits", '{"big":18446744073709551616}', "JSON_NUMBER"],
    ["a count of 65 bits", '{"count":18446744073709551616}', "JSON_NUMBER"],
    ["17 bits", '{"inner":{"num":65536}}', "JSON_NUMBER"],
    ["a day that is not", '{"time":"2023-02-29T00:00:00Z"}', "JSON_TYPE"],
    ["hour 24", '{"time":"2023-02-28T24:00:00Z"}', "JSON_TYPE"],
    ["a date alone", '{"time":"2023-02-28"}', "JSON_TYPE"],
    ["a wrong type behind a good one", '{"text":"a","TEXT":1}', "JSON_TYPE"],
    ["nothing", "", "JSON_EMPTY"],
    ["white space", " \n\t", "JSON_EMPTY"],
    ["trailing comma", '{"text":"a",}', "JSON_SYNTAX"],
    ["leading zero", '{"big":01}', "JSON_SYNTAX"],
    ["a plus", '{"big":+1}', "JSON_SYNTAX"],
    ["single quotes", "{'text':1}", "JSON_SYNTAX"],
    ["a control character", '{"text":"\t"}', "JSON_SYNTAX"],
    ["an unknown escape", '{"text":"\\x"}', "JSON_SYNTAX"],
    ["an open string", '{"text":"a', "JSON_SYNTAX"],
    ["an open object", '{"text":"a"', "JSON_SYNTAX"],
    ["a byte order mark", "\ufeff{}", "JSON_SYNTAX"],
    ["a comment", "{}/**/", "JSON_TRAILING"],
    ["a second value", "{} {}", "JSON_TRAILING"],
    ["too many levels", `${"[".repeat(MAX_JSON_DEPTH + 1)}`, "JSON_DEPTH"],
  ])("%s: %s", (_name, text, code) => {
    expect(codeOf(() => read(text))).toBe(code);
  });

  test("more bytes than the limit are refused unread", () => {
    expect(codeOf(() => read(new Uint8Array(MAX_JSON_BYTES + 1)))).toBe("JSON_SIZE");
  });

  test("a message names the path and the types, never the value", () => {
    expect(() => read('{"map":{"key":{"num":"s3cret"}}}')).toThrow(
      "map.key.num: expected an unsigned integer, had string",
    );
  });
});

describe("whole and stream", () => {
  test.each<[string, JsonReading, string]>([
    ['{"text":"a"} \r\n', "whole", "none"],
    ['{"text":"a"}x', "whole", "JSON_TRAILING"],
    ['{"text":"a"}x', "stream", "none"],
    ['{"text":"a"}{"text":"b"}', "stream", "none"],
    ["", "stream", "JSON_EMPTY"],
    ["x{}", "stream", "JSON_SYNTAX"],
  ])("%j read as %s gives %s", (text, reading, code) => {
    expect(codeOf(() => read(text, reading))).toBe(code);
  });

  test("a stream yields the first value", () => {
    expect(read('{"text":"a"}{"text":"b"}', "stream").text).toBe("a");
  });
});

describe("properties", () => {
  const wire = fc.record({
    text: fc.string({ unit: "grapheme" }),
    flag: fc.boolean(),
    big: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
    pointer: fc.option(fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }), { nil: undefined }),
    count: fc.nat(),
    signed: fc.integer(),
    data: fc.uint8Array({ maxLength: 40 }),
    map: fc
      .array(
        fc.tuple(
          fc.string({ unit: "grapheme" }),
          fc.record({ name: fc.string(), num: fc.nat(65535) }),
        ),
      )
      .map((entries) => new Map(entries)),
    list: fc.array(fc.string()),
  });

  test("what the encoder writes the decoder reads", () => {
    fc.assert(
      fc.property(wire, (value) => {
        expect(read(encodeGoJson(value))).toEqual({ ...ZERO, ...value });
      }),
    );
  });

  test("any bytes give a value or a ManifestError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        codeOf(() => read(bytes));
        codeOf(() => readGoJson(bytes, goRaw, "stream"));
      }),
      { numRuns: 500 },
    );
  });

  test("JSON and JSON with one byte changed give a value or a ManifestError", () => {
    fc.assert(
      fc.property(wire, fc.nat(), fc.nat(255), (value, position, byte) => {
        const bytes = utf8(encodeGoJson(value));
        bytes[position % bytes.length] = byte;
        codeOf(() => read(bytes));
      }),
    );
  });

  test("the reader accepts exactly what JSON.parse accepts", () => {
    const soup = fc
      .array(fc.constantFrom(...'{}[],:01-.eE"\\a\t ', "true", "null", '"a"', "\\u00e9", "1.5"))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(soup, fc.json()), (text) => {
        let accepted = true;
        try {
          JSON.parse(text);
        } catch {
          accepted = false;
        }
        expect(codeOf(() => readGoJson(utf8(text), goRaw, "whole")) === "none").toBe(accepted);
      }),
      { numRuns: 1000 },
    );
  });

  test("bytes survive both of their forms", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const asNumbers = read(`{"data":[${bytes.join(",")}]}`).data;
        const asText = read(encodeGoJson({ data: bytes })).data;
        expect([toHex(asNumbers), toHex(asText)]).toEqual([toHex(bytes), toHex(bytes)]);
      }),
    );
  });
});
