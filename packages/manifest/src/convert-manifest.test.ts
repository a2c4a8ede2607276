import { utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { convertManifest } from "./convert-manifest.ts";
import { ManifestError } from "./error.ts";
import { codeOf } from "./testing/code-of.ts";

const convert = (source: string) => new TextDecoder().decode(convertManifest(source));

describe("converting a manifest file", () => {
  test.each(['{"b":1,\n "a":"<"}\n', '{"a":1,"a":2}', ' {"a":"\\u00e9"} ', "[]"])(
    "sends valid JSON byte for byte: %j",
    (source) => {
      const bytes = utf8(source);
      expect(convertManifest(bytes)).toBe(bytes);
    },
  );

  test.each<[string, string, string]>([
    ["sorts keys", "b: 1\na:\n  d: x\n  c: z\n", '{"a":{"c":"z","d":"x"},"b":1}'],
    ["escapes for HTML", 'a: "<&>"', '{"a":"\\u003c\\u0026\\u003e"}'],
    ["keeps 64-bit numbers", "a: 18446744073709551615", '{"a":18446744073709551615}'],
    ["reads YAML 1.1 booleans", "a: yes\nb: off\nc: true", '{"a":true,"b":false,"c":true}'],
    ["reads octal numbers", "a: 0644", '{"a":420}'],
    ["drops a zero fraction", "a: 1.0", '{"a":1}'],
    ["keeps what looks like a time of day", "a: 4433:30", '{"a":"4433:30"}'],
    ["keeps what looks like a date", "a: 2024-01-01", '{"a":"2024-01-01"}'],
    ["turns other keys into text", "1: a\ntrue: b\n1.5: c", '{"1":"a","1.5":"c","true":"b"}'],
    ["reads block text", "a: |\n  x\n  y\n", '{"a":"x\\ny\\n"}'],
    [
      "reads anchors and merge keys",
      "a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  l: 2",
      '{"a":{"k":1},"b":{"k":1},"c":{"k":1,"l":2}}',
    ],
    ["reads comments and null", "# comment\na: ~\nb:\n", '{"a":null,"b":null}'],
    ["keeps a key called __proto__", "__proto__: {a: 1}", '{"__proto__":{"a":1}}'],
    ["reads JSON with a comment as YAML", '{"a": [1, 2]} # why', '{"a":[1,2]}'],
  ])("%s", (_name, yaml, json) => {
    expect(convert(yaml)).toBe(json);
  });

  test.each<[string, string, string]>([
    ["nothing", "", "MANIFEST_EMPTY"],
    ["white space", " \n", "MANIFEST_EMPTY"],
    ["JSON null", "null\n", "MANIFEST_EMPTY"],
    ["only a comment", "# nothing\n", "MANIFEST_EMPTY"],
    ["only a document start", "---\n", "MANIFEST_EMPTY"],
    ["text", "hello", "MANIFEST_YAML"],
    ["a YAML list", "- a\n", "MANIFEST_YAML"],
    ["duplicate keys", "a: 1\na: 2\n", "MANIFEST_YAML"],
    ["keys that become one", "1: a\n'1': b\n", "MANIFEST_YAML"],
    ["two documents", "a: 1\n---\nb: 2\n", "MANIFEST_YAML"],
    ["an unknown tag", "a: !secret x\n", "MANIFEST_YAML"],
    ["binary", "a: !!binary AQ==\n", "MANIFEST_YAML"],
    ["infinity", "a: .inf\n", "MANIFEST_YAML"],
    ["a mapping as key", "? {a: 1}\n: b\n", "MANIFEST_YAML"],
    ["an alias of what it is in", "a: &x [*x, *x]\n", "MANIFEST_YAML"],
    ["an alias without anchor", "a: *x\n", "MANIFEST_YAML"],
    ["tabs as indentation", "a:\n\tb: 1\n", "MANIFEST_YAML"],
    ["broken flow", "{a: [1\n", "MANIFEST_YAML"],
  ])("refuses %s", (_name, source, code) => {
    expect(codeOf(() => convertManifest(source))).toBe(code);
  });

  test("says where YAML is wrong, not what it says", () => {
    expect(() => convertManifest("ok: 1\nsecret: s3cret\nsecret: other\n")).toThrow(
      "line 3, column 1: DUPLICATE_KEY",
    );
  });

  test("refuses aliases that grow without bound", () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}]`,
    );
    const bomb = ["l0: &l0 x", ...levels].join("\n");
    expect(codeOf(() => convertManifest(bomb))).toBe("MANIFEST_YAML");
  });

  test("refuses bytes that are not UTF-8 text", () => {
    expect(codeOf(() => convertManifest(Uint8Array.of(0x61, 0xff)))).toBe("MANIFEST_YAML");
  });

  test("refuses deep nesting without exhausting the stack", () => {
    expect(codeOf(() => convertManifest(`a: ${"[".repeat(1000)}${"]".repeat(1000)}`))).toBe(
      "MANIFEST_YAML",
    );
    expect(codeOf(() => convertManifest(`a: ${"[".repeat(100_000)}`))).toBe("MANIFEST_YAML");
  });

  test("is idempotent, and any text gives JSON or a ManifestError", () => {
    const soup = fc
      .array(
        fc.constantFrom(
          "a",
          ": ",
          "\n",
          "- ",
          "  ",
          "'",
          '"',
          "&x ",
          "*x",
          "!",
          "1",
          "{",
          "}",
          "[",
          "]",
          ",",
          "|",
          ">",
          "#",
          "?",
          "<<",
        ),
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(soup, fc.string({ unit: "grapheme" })), (text) => {
        let json: Uint8Array | undefined;
        try {
          json = convertManifest(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ManifestError);
        }
        if (json !== undefined) expect(convertManifest(json)).toBe(json);
      }),
      { numRuns: 500 },
    );
  });
});
