import { encodePem, fromHex, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ManifestError } from "./error.ts";
import {
  compileTemplate,
  renderTemplate,
  requireEnvBytes,
  templateValues,
} from "./render-template.ts";
import type { TemplateKind } from "./secret-functions.ts";
import type { SecretValue, TemplateData } from "./secret-value.ts";
import { codeOf } from "./testing/code-of.ts";

const secret = (type: string, parts: Partial<SecretValue>): SecretValue => ({
  type,
  size: 0,
  shared: false,
  userDefined: false,
  validFor: 0,
  ...parts,
});
const value = (type: string, bytes: Uint8Array, parts: Partial<SecretValue> = {}) =>
  secret(type, { private: bytes, public: bytes, ...parts });

const KEY = Uint8Array.of(1, 2, 3, 255);
const certificate = secret("cert-ecdsa", {
  cert: fromHex("300100"),
  private: fromHex("07"),
  public: fromHex("08"),
  validFor: 7,
});
const secrets = new Map([
  ["key", value("symmetric-key", KEY, { size: 32, shared: true })],
  ["my-key", value("symmetric-key", fromHex("0908"))],
  ["ключ", value("symmetric-key", fromHex("05"))],
  ["cert", certificate],
  ["plain", value("plain", utf8("héllo"), { userDefined: true })],
  ["nul", value("plain", utf8("a\0b"), { userDefined: true })],
  ["unset", secret("plain", { userDefined: true })],
]);
const data: TemplateData = {
  MarbleRun: {
    RootCA: certificate,
    MarbleCert: secret("cert-ecdsa", {
      cert: fromHex("aa"),
      private: fromHex("bb"),
      public: fromHex("cc"),
    }),
    CoordinatorRoot: secret("cert-ecdsa", { cert: fromHex("dd") }),
    CoordinatorIntermediate: secret("cert-ecdsa", { cert: fromHex("ee") }),
  },
  Secrets: secrets,
  Previous: { Secrets: new Map([["key", value("symmetric-key", fromHex("0f"))]]) },
};

const render = (template: string, kind: TemplateKind = "file") =>
  new TextDecoder().decode(renderTemplate(kind, utf8(template), data));

function failure(template: string, kind: TemplateKind = "file"): string {
  try {
    render(template, kind);
  } catch (error) {
    if (error instanceof ManifestError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "none";
}

test("a compiled template gives each Marble its own values", () => {
  const template = compileTemplate("env", utf8("k={{ hex .Secrets.key }}{{ $x := 1 }}{{ $x }}"));
  const withKey = (key: Uint8Array) =>
    templateValues({ ...data, Secrets: new Map([["key", value("symmetric-key", key)]]) });
  const rendered = [KEY, fromHex("07"), KEY].map((key) => template(withKey(key)));
  expect(rendered).toEqual([utf8("k=010203ff1"), utf8("k=071"), utf8("k=010203ff1")]);
});

describe("data and functions", () => {
  test.each<[string, string]>([
    ["{{ hex .Secrets.key }}", "010203ff"],
    ["{{ hex .Secrets.key.Private }}", "010203ff"],
    ["{{ base64 .Secrets.key }}", "AQID/w=="],
    ["{{ hex .Secrets.cert }}", "08"],
    ["{{ hex .Secrets.cert.Cert }}", "300100"],
    ["{{ pem .Secrets.cert.Cert }}", encodePem("CERTIFICATE", fromHex("300100"))],
    ["{{ pem .Secrets.cert.Public }}", encodePem("PUBLIC KEY", fromHex("08"))],
    ["{{ pem .Secrets.cert.Private }}", encodePem("PRIVATE KEY", fromHex("07"))],
    ["{{ .Secrets.key | hex | printf `%s!` }}", "010203ff!"],
    ["{{ hex .Previous.Secrets.key }}", "0f"],
    ["{{ hex .MarbleRun.RootCA.Cert }}", "300100"],
    [
      "{{ hex .MarbleRun.MarbleCert.Cert }} {{ hex .MarbleRun.MarbleCert.Private }} {{ hex .MarbleRun.MarbleCert.Public }}",
      "aa bb cc",
    ],
    [
      "{{ hex .MarbleRun.CoordinatorRoot.Cert }}{{ hex .MarbleRun.CoordinatorIntermediate.Cert }}",
      "ddee",
    ],
    ['{{ index .Secrets "my-key" | hex }}', "0908"],
    ["{{ hex .Secrets.ключ }}", "05"],
    [
      "{{ .Secrets.key.Type }} {{ .Secrets.key.Size }} {{ .Secrets.key.Shared }} {{ .Secrets.cert.ValidFor }}",
      "symmetric-key 32 true 7",
    ],
    ["{{ .Secrets.missing }}", "<no value>"],
    ["{{ .Secrets.missing.Cert }}", "<no value>"],
    ["{{ .Secrets.key.Private }}", "[1 2 3 255]"],
  ])("%s gives %s in files and variables", (template, expected) => {
    expect(render(template, "file")).toBe(expected);
    expect(render(template, "env")).toBe(expected);
  });

  test("raw is for files, string for variables", () => {
    expect(renderTemplate("file", utf8("a{{ raw .Secrets.key }}b"), data)).toEqual(
      Uint8Array.of(0x61, ...KEY, 0x62),
    );
    expect(render("{{ string .Secrets.plain }}", "env")).toBe("héllo");
    expect(failure("{{ raw .Secrets.key }}", "env")).toContain(
      'TEMPLATE_PARSE template: data:1: function "raw" not defined',
    );
    expect(failure("{{ string .Secrets.plain }}")).toContain('function "string" not defined');
  });

  test.each<[string, string]>([
    [
      "{{ hex .Secrets.missing }}",
      "at <hex .Secrets.missing>: error calling hex: secret does not exist",
    ],
    ["{{ .Secrets.missing.Private | hex }}", "error calling hex: secret does not exist"],
    ['{{ hex (index .Secrets "missing") }}', "error calling hex: secret does not exist"],
    ["{{ hex .Secrets.unset }}", "error calling hex: secret has no value yet"],
    ["{{ raw .Secrets.unset.Private }}", "error calling raw: secret has no value yet"],
    ["{{ pem .Secrets.unset.Cert }}", "error calling pem: secret has no value yet"],
    ["{{ pem .Secrets.key }}", "error calling pem: pem needs the Cert, Public or Private part"],
    ['{{ hex "text" }}', "error calling hex: needs a secret"],
    ["{{ hex .Secrets }}", "error calling hex: needs a secret"],
    ["{{ base64 .Secrets.cert.Cert.Raw }}", "error calling base64: needs a secret"],
    ["{{ .Secrets.key }}", "can't print a value of type manifest.Secret"],
    ["{{ .Secrets }}", "can't print a value of type manifest.Secret"],
    ["{{ .Nope }}", "can't evaluate field Nope"],
    ["{{ .MarbleRun.Nope }}", "can't evaluate field Nope"],
  ])("%s fails: %s", (template, message) => {
    expect(failure(template)).toMatch(/^TEMPLATE_EXECUTION template: data:1:/);
    expect(failure(template)).toContain(message);
  });

  test.each([
    "{{ string .Secrets.key }}",
    "{{ string .Secrets.plain.Public }}",
    "{{ string .Secrets.nul }}",
    "{{ string .Secrets.unset }}",
  ])("%s fails in variables", (template) => {
    expect(failure(template, "env")).toMatch(/^TEMPLATE_EXECUTION .*error calling string: /);
  });

  test("error texts have Go's shape", () => {
    expect(failure("line\n {{ hex .Secrets.missing }}")).toBe(
      'TEMPLATE_EXECUTION template: data:2:4: executing "data" at <hex .Secrets.missing>: error calling hex: secret does not exist',
    );
    expect(failure("a\n{{ .Secrets.my-secret }}")).toBe(
      "TEMPLATE_PARSE template: data:2: bad character U+002D '-'",
    );
  });

  test("a variable may not hold a NUL byte, a file may", () => {
    expect(codeOf(() => renderTemplate("env", Uint8Array.of(0x61, 0), data))).toBe(
      "TEMPLATE_ENV_NUL",
    );
    expect(codeOf(() => render('{{ "\\x00" }}', "env"))).toBe("TEMPLATE_ENV_NUL");
    expect(renderTemplate("file", Uint8Array.of(0), data)).toEqual(Uint8Array.of(0));
    expect(codeOf(() => requireEnvBytes(utf8("ok")))).toBe("none");
    expect(codeOf(() => requireEnvBytes(Uint8Array.of(0)))).toBe("TEMPLATE_ENV_NUL");
  });
});

describe("bytes", () => {
  test("without actions pass unchanged", () => {
    fc.assert(
      fc.property(
        fc.uint8Array().filter((bytes) => !bytes.includes(0x7b)),
        (bytes) => {
          expect(renderTemplate("file", bytes, data)).toEqual(bytes);
        },
      ),
    );
  });

  test("of a secret come out of raw unchanged", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        const one = { ...data, Secrets: new Map([["s", value("plain", bytes)]]) };
        expect(renderTemplate("file", utf8("{{ raw .Secrets.s }}"), one)).toEqual(bytes);
      }),
    );
  });

  test("larger than one chunk pass unchanged", () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i & 0x7a);
    expect(renderTemplate("file", bytes, data)).toEqual(bytes);
  });
});

describe("bounds", () => {
  test.each<[string, string]>([
    ["a loop that never ends", "{{ range 1000000000000 }}x{{ end }}"],
    ["loops in loops", `${"{{ range 1000 }}".repeat(9)}${"{{ end }}".repeat(9)}`],
    [
      "text that doubles",
      `{{ $x := "aaaaaaaaaaaaaaaa" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}`,
    ],
    [
      "comparing without end",
      `{{ $x := printf "%9999d" 1 }}{{ range 90000 }}{{ if eq $x $x }}{{ end }}{{ end }}`,
    ],
    ["one wide call", `{{ printf "${"%9999d".repeat(2000)}" ${"1 ".repeat(2000)}}}`],
    ["many variables", "{{ $x := 1 }}".repeat(1001)],
    ["wide padding", '{{ printf "%9999999d" 1 }}'],
    ["much output", '{{ range 2000 }}{{ printf "%9999d" 1 }}{{ end }}'],
    ["deep blocks", "{{ if true }}".repeat(1000)],
    ["deep parentheses", `{{ ${"(".repeat(1000)}1${")".repeat(1000)} }}`],
  ])("%s is refused", (_name, template) => {
    expect(codeOf(() => render(template))).toBe("TEMPLATE_LIMIT");
  });

  test("any text gives bytes or a ManifestError", () => {
    const soup = fc
      .array(
        fc.constantFrom(
          ...'{{|}}|{{-| -}}|if |else |end|range |with |$x|:=|=|.|.Secrets|.key|(|)|"a"|`b`|\'c\'|1|2.5|nil|true|print |printf |"%d %s %q %x"|index |len |slice |eq |hex |,|/*|*/| |\n|é|break|define '.split(
            "|",
          ),
          "|",
        ),
        { maxLength: 25 },
      )
      .map((parts) => parts.join(""));
    const wrapped = soup.map((text) => `{{ ${text} }}`);
    fc.assert(
      fc.property(fc.oneof(soup, wrapped, fc.string({ unit: "binary" })), (text) => {
        codeOf(() => render(text));
      }),
      { numRuns: 1500 },
    );
  });

  test("long literals are read without exhausting the stack", () => {
    const text = "\\t".repeat(200_000);
    expect(render(`{{ len "${text}" }}`)).toBe("200000");
    expect(codeOf(() => render(`{{ ${"1".repeat(1_000_000)} }}`))).toBe("TEMPLATE_PARSE");
  });

  test("no message holds bytes of a secret", () => {
    const texts = [
      "{{ range hex .Secrets.key }}{{ end }}",
      "{{ index (hex .Secrets.key) 99 }}",
      "{{ eq (hex .Secrets.key) 1 }}",
      "{{ (hex .Secrets.key).x }}",
    ];
    for (const text of texts) {
      expect(failure(text)).not.toBe("none");
      expect(failure(text)).not.toContain("010203ff");
    }
  });
});
