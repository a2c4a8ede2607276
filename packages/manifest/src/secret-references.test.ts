import { utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ManifestError } from "./error.ts";
import { parseManifest } from "./manifest.ts";
import { renderTemplate } from "./render-template.ts";
import { secretReferences } from "./secret-references.ts";
import type { SecretValue } from "./secret-value.ts";

function referencesIn(template: string, noTemplates = false) {
  const entry = { Data: template, NoTemplates: noTemplates };
  const json = JSON.stringify({ Marbles: { m: { Parameters: { Files: { f: entry } } } } });
  const marble = parseManifest(utf8(json)).marbles.get("m");
  if (marble === undefined) throw new TypeError("no marble");
  return secretReferences(marble);
}

describe("secrets that a template reaches", () => {
  test.each<[string, readonly string[], boolean]>([
    ["plain text", [], false],
    ["{{ hex .Secrets.a }}", ["a"], false],
    ["{{ hex .Secrets.a.Private }}{{ raw .Secrets.b }}", ["a", "b"], false],
    ['{{ hex (index .Secrets "my-key").Cert }}', ["my-key"], false],
    ['{{ index .Secrets "ä" | hex }}', ["ä"], false],
    ["{{ hex .Previous.Secrets.a }}", ["a"], false],
    ["{{ hex $.Secrets.a }}", ["a"], false],
    ["{{ with .Secrets.a }}{{ hex . }}{{ end }}", ["a"], false],
    ["{{ if true }}{{ hex .Secrets.a }}{{ else }}{{ hex .Secrets.b }}{{ end }}", ["a", "b"], false],
    ["{{ $s := .Secrets }}{{ hex $s.a }}", [], true],
    ["{{ range .Secrets }}{{ hex . }}{{ end }}", [], true],
    ["{{ with .Previous }}{{ print . }}{{ end }}", [], true],
    ["{{ with $ }}{{ hex .Secrets.a }}{{ end }}", ["a"], true],
    ["{{ print . }}", [], true],
    ["{{ if true }}{{ . }}{{ end }}", [], true],
    ["{{ $n := print `a` }}{{ index .Secrets $n | hex }}", [], true],
    ["{{ pem .MarbleRun.RootCA.Cert }}", [], false],
    ["{{ hex .Secrets.a", [], false],
  ])("%s: %j, any: %s", (template, names, any) => {
    expect(referencesIn(template)).toEqual({ names: new Set(names), any });
  });

  test("are none where templates are off", () => {
    expect(referencesIn("{{ hex .Secrets.a }}", true).names.size).toBe(0);
  });

  test("include every one whose bytes come out", () => {
    const secret = (text: string): SecretValue => ({
      type: "plain",
      size: 0,
      shared: true,
      userDefined: false,
      cert: undefined,
      validFor: 0,
      private: utf8(text),
      public: utf8(text),
    });
    const secrets = new Map([
      ["a", secret("first!")],
      ["b", secret("second")],
    ]);
    const reserved = secret("reserved");
    const data = {
      MarbleRun: {
        RootCA: reserved,
        MarbleCert: reserved,
        CoordinatorRoot: reserved,
        CoordinatorIntermediate: reserved,
      },
      Secrets: secrets,
      Previous: { Secrets: secrets },
    };
    const word = fc.constantFrom(
      "{{",
      "}}",
      "raw",
      "printf",
      '"%s"',
      "index",
      ".",
      "$",
      ".Secrets",
      ".Previous",
      ".a",
      ".b",
      '"a"',
      "with",
      "range",
      "if",
      "else",
      "end",
      "$x := ",
      "$x",
      "(",
      ")",
      "|",
    );
    const body = fc.array(word, { maxLength: 5 }).map((words) => `{{ ${words.join(" ")} }}`);
    const template = fc.oneof(
      body,
      fc.tuple(body, body).map((parts) => parts.join("")),
      fc
        .tuple(
          fc.constantFrom("with", "range", "if"),
          fc.constantFrom(".Secrets", ".Previous", ".", "$", ".Secrets.a", "$.Previous.Secrets"),
          body,
        )
        .map(([verb, pipe, inner]) => `{{ ${verb} ${pipe} }}${inner}{{ end }}`),
    );
    fc.assert(
      fc.property(template, (text) => {
        let output: string;
        try {
          output = new TextDecoder().decode(renderTemplate("file", utf8(text), data));
        } catch (error) {
          expect(error).toBeInstanceOf(ManifestError);
          return;
        }
        const { names, any } = referencesIn(text);
        if (output.includes("first!")) expect(any || names.has("a")).toBe(true);
        if (output.includes("second")) expect(any || names.has("b")).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});
