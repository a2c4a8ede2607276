import { describe, expect, test } from "vitest";
import { ManifestError } from "../error.ts";
import { binaryOfText, textOfBinary } from "./binary-text.ts";
import { BUILTINS } from "./builtins.ts";
import { executeTemplate } from "./executor.ts";
import { parseTemplate } from "./parser.ts";
import type { TemplateValue } from "./value.ts";

// The expectations of the three tables are what Go 1.26's text/template does with the same text. A
// refusal without text is one whose wording or order of checks is ours.
const DATA: TemplateValue = {
  kind: "struct",
  typeName: "data",
  fields: new Map<string, TemplateValue>([
    [
      "Map",
      new Map<string, TemplateValue>([
        ["b", 2n],
        ["a", 1n],
        ["empty", ""],
      ]),
    ],
    ["Bytes", { kind: "bytes", typeName: "[]uint8", bytes: Uint8Array.of(104, 105) }],
    ["Struct", { kind: "struct", typeName: "inner", fields: new Map([["Name", "n"]]) }],
  ]),
};

function render(template: string, data: TemplateValue = DATA): string {
  const source = binaryOfText(template);
  const nodes = parseTemplate(source, (name) => BUILTINS.has(name));
  return textOfBinary(executeTemplate(source, nodes, BUILTINS, data));
}

function failure(template: string): { readonly code: string; readonly message: string } {
  try {
    render(template);
  } catch (error) {
    if (error instanceof ManifestError) return error;
    throw error;
  }
  return { code: "none", message: "" };
}

const RENDERED: readonly (readonly [string, string])[] = [
  ["plain text", "plain text"],
  ["", ""],
  ["{{ range 3 }}{{ . }}{{ end }}", "012"],
  ["{{ range $i := 3 }}{{ $i }}{{ end }}", "012"],
  [
    "{{ range 5 }}{{ if eq . 2 }}{{ continue }}{{ end }}{{ if eq . 4 }}{{ break }}{{ end }}{{ . }}{{ end }}",
    "013",
  ],
  ["{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"],
  ["{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}", "1"],
  ["{{ if and true false }}a{{ else }}b{{ end }}", "b"],
  ["{{ and 1 0 2 }}", "0"],
  ['{{ or 0 "" "x" }}', "x"],
  ["{{ not 0 }}", "true"],
  ["{{ 1 | and 2 }}", "1"],
  ["{{ 1 | or 0 }}", "1"],
  ["{{- 3 -}}", "3"],
  ["a {{- 3 -}} b", "a3b"],
  ["a {{ 3 -}} b", "a 3b"],
  ["a {{- 3 }} b", "a3 b"],
  ["a {{-3}} b", "a -3 b"],
  ["a {{- /* c */ -}} b", "ab"],
  ["a {{/* c */}} b", "a  b"],
  ['a\n\t{{- "x" -}}\n\n b', "axb"],
  ["{{- /* c */}}", ""],
  ['{{ "a\\tb\\u00e9\\x41\\101\\n" }}', "a\tb\u00e9AA\n"],
  ["{{ `raw\n\\n` }}", "raw\n\\n"],
  ["{{ 'a' }} {{ '\\n' }} {{ '\u00e9' }} {{ '\\'' }}", "97 10 233 39"],
  [
    "{{ 0x1F }} {{ 0b11 }} {{ 0o17 }} {{ 017 }} {{ 1_000 }} {{ -5 }} {{ +5 }}",
    "31 3 15 15 1000 -5 5",
  ],
  [
    "{{ 1.5 }} {{ 1e3 }} {{ 1e21 }} {{ 1e-7 }} {{ .5 }} {{ 1. }} {{ 100000000.0 }}",
    "1.5 1000 1e+21 1e-07 0.5 1 1e+08",
  ],
  ["{{ 9223372036854775807 }}", "9223372036854775807"],
  ["{{ -9223372036854775808 }}", "-9223372036854775808"],
  ["{{ true }}{{ false }}", "truefalse"],
  ["{{ print nil }}", "<nil>"],
  ["{{ 0_7 }}", "7"],
  ["{{ -0 }}", "0"],
  ["{{ -0.0 }}", "-0"],
  ['{{ print 1 2 "a" 3 4 }}', "1 2a3 4"],
  ['{{ println 1 "a" 2 }}', "1 a 2\n"],
  ["{{ print }}", ""],
  ["{{ println }}", "\n"],
  ["{{ print true false 1.0 }}", "true false 1"],
  [
    '{{ printf "%s %d %v %q %x %X %t %c %U %%" "s" 12 13 "q\\"\\n" 255 255 true 65 955 }}',
    's 12 13 "q\\"\\n" ff FF true A U+03BB %',
  ],
  ['{{ printf "%5d|%-5d|%05d|%+d|% d" 1 2 3 4 5 }}', "    1|2    |00003|+4| 5"],
  ['{{ printf "%5s|%-5s|%.2s|%5.1s" "ab" "ab" "abc" "h\u00e9\u00e9" }}', "   ab|ab   |ab|    h"],
  [
    '{{ printf "%x %X % x %#x %# x" "abc" "abc" "abc" "abc" "abc" }}',
    "616263 616263 61 62 63 0x616263 0x61 0x62 0x63",
  ],
  ['{{ printf "%d" "x" }}', "%!d(string=x)"],
  ['{{ printf "%d" }}', "%!d(MISSING)"],
  ['{{ printf "%d %d" 1 }}', "1 %!d(MISSING)"],
  ['{{ printf "x" 1 "a" nil }}', "x%!(EXTRA int=1, string=a, <nil>)"],
  [
    '{{ printf "%s" nil }} {{ printf "%v" nil }} {{ printf "%d" nil }}',
    "%!s(<nil>) <nil> %!d(<nil>)",
  ],
  ['{{ printf "%" }}', "%!(NOVERB)"],
  ['{{ printf "%!" 1 }}', "%!!(int=1)"],
  ['{{ printf "%z" 1 }}', "%!z(int=1)"],
  [
    '{{ printf "%f %.2f %e %g %G %8.3f|%-8.1f|%08.2f" 1.5 2.345 12345.678 1e21 1e-7 3.14159 2.5 -1.5 }}',
    "1.500000 2.35 1.234568e+04 1e+21 1E-07    3.142|2.5     |-0001.50",
  ],
  ['{{ printf "%T %T %T %T" 1 "a" 1.5 true }}', "int string float64 bool"],
  ['{{ printf "%o %O %#o %b %#b %#x %#X" 8 8 8 5 5 255 255 }}', "10 0o10 010 101 0b101 0xff 0XFF"],
  ['{{ printf "%#U %U" 955 10 }}', "U+03BB '\u03bb' U+000A"],
  ['{{ printf "%q %q" 65 955 }}', "'A' '\u03bb'"],
  ['{{ printf "%#q" "abc" }}', "`abc`"],
  ['{{ printf "%05s" "ab" }}', "000ab"],
  ['{{ printf "%-05d|" 3 }}', "3    |"],
  ['{{ printf "%+.3d|%08.3d|% 05d" 7 7 7 }}', "+007|     007| 0007"],
  ['{{ printf "%.0d|" 0 }}', "|"],
  ['{{ printf "%t" 1 }}', "%!t(int=1)"],
  ['{{ printf "%5t|" true }}', " true|"],
  ['{{ printf "%5v|%-5v|" nil 1 }}', "<nil>|1    |"],
  ['{{ printf "%g %v" 123456789.0 1e20 }}', "1.23456789e+08 1e+20"],
  ['{{ printf "%6.2e" 1234.5 }}', "1.23e+03"],
  ['{{ printf "%.3g %.10g %g" 1234.5678 1234.5678 0.00001 }}', "1.23e+03 1234.5678 1e-05"],
  ['{{ printf "%+v %+q" 1 "\u00e9" }}', '1 "\\u00e9"'],
  ['{{printf "%v" 1e6}}', "1e+06"],
  ['{{printf "%s" 1}}', "%!s(int=1)"],
  ['{{printf "%s" true}}', "%!s(bool=true)"],
  ['{{printf "%x" -255}}', "-ff"],
  ['{{printf "%q" "\\x00\\xff\\u2028"}}', '"\\x00\\xff\\u2028"'],
  [
    '{{ eq 1 1 }} {{ eq 1 2 1 }} {{ eq "a" "b" }} {{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt "b" "a" }} {{ ge 1.5 2.5 }}',
    "true true false true true true true false",
  ],
  ["{{ eq true true }}", "true"],
  ["{{ eq nil nil }}", "true"],
  ["{{ne nil 1}}", "true"],
  ['{{ index "abc" 1 }}', "98"],
  ['{{ slice "abcdef" 1 3 }}', "bc"],
  ['{{ slice "abc" }}', "abc"],
  ['{{ html "<a href=\'x\'>&\\"" }}', "&lt;a href=&#39;x&#39;&gt;&amp;&#34;"],
  [
    '{{ js "<a href=\'x\'>&\\"=\\n" }}',
    "\\u003Ca href\\u003D\\'x\\'\\u003E\\u0026\\\"\\u003D\\u000A",
  ],
  ['{{ urlquery "a b/c?\u00e9" }}', "a+b%2Fc%3F%C3%A9"],
  ['{{ html 1 "a" }}', "1a"],
  ["{{ (1) }}", "1"],
  ['{{ ((1) | printf "%d") }}', "1"],
  ["{{ 1 | }}", "1"],
  ["{{ $x:=1}}{{$x}}", "1"],
  ["{{ print (1) (2) }}", "1 2"],
  ["}}", "}}"],
  ['{{ print "}}" }}', "}}"],
  ["{ {", "{ {"],
  ["{{ 1 }}}", "1}"],
  ["{{\n1\n}}", "1"],
  ["{{ with $x := 3 }}{{ $x }}{{ . }}{{ end }}", "33"],
  ["{{ $x := 1 }}{{ range $x = 3 }}{{ $x }}{{ end }}{{ $x }}", "0122"],
  ["{{ true | not }}", "false"],
  ["{{ true | not | not }}", "true"],
  ["{{ print -}} x", "x"],
  ["{{ print 1 -2 }}", "1 -2"],
  ["{{1}}{{-2}}", "1-2"],
  ["{{-1}}", "-1"],
  ["{{- 1}}", "1"],
  ["{{ 1 -}}}", "1}"],
  ["{{if true}}a{{else}}b{{end}}{{if false}}a{{else}}b{{end}}", "ab"],
  ["{{ range -1 }}x{{ else }}n{{ end }}", "n"],
  ["{{ range 0 }}x{{ else }}n{{ end }}", "n"],
  ['{{ printf (print "%d") 3 }}', "3"],
  ['{{ print (print 1 2) (len "abc") }}', "1 23"],
  ['{{ (len "abc") }}', "3"],
  ['{{ (len "abc") | print 1 }}', "1 3"],
];

const UNPARSABLE: readonly (readonly [string, string | undefined])[] = [
  ["{{ $y }}", '1: undefined variable "$y"'],
  ["{{ /* c */ }}", '1: unexpected "/" in command'],
  ["{{/* unclosed", "1: unclosed comment"],
  ["{{/* c */ }} ", "1: comment ends before closing delimiter"],
  ['{{ "\\\'" }}', undefined],
  ["{{ '\\\"' }}", undefined],
  ["{{ 08 }}", undefined],
  ["{{ 1x }}", '1: bad number syntax: "1x"'],
  ["{{ 0x }}", undefined],
  ["{{ 1__0 }}", undefined],
  ["{{ 1e400 }}", undefined],
  ["{{ foo }}", '1: function "foo" not defined'],
  ['{{ "a" | 1 }}', "1: non executable command in pipeline stage 2"],
  ["{{ . | 1 }}", "1: non executable command in pipeline stage 2"],
  ["{{ 1 | . }}", "1: non executable command in pipeline stage 2"],
  ["{{", "1: unclosed action"],
  ["{{ }}", "1: missing value for command"],
  ["{{ if }}{{ end }}", "1: missing value for if"],
  ["{{ if true }}", "1: unexpected EOF"],
  ["{{ end }}", "1: unexpected {{end}}"],
  ["{{ else }}", "1: unexpected {{else}}"],
  ["{{ if true }}{{ else }}{{ else }}{{ end }}", "1: expected end; found {{else}}"],
  ["{{ if true }}{{ else if }}{{ end }}", "1: missing value for if"],
  ["{{ range }}{{ end }}", "1: missing value for range"],
  ["{{ with }}{{ end }}", "1: missing value for with"],
  ["{{ break }}", "1: {{break}} outside {{range}}"],
  ["{{ continue }}", "1: {{continue}} outside {{range}}"],
  ["{{ (1 }}", "1: unclosed left paren"],
  ["{{ 1) }}", "1: unexpected right paren"],
  ["{{ () }}", "1: missing value for parenthesized pipeline"],
  ['{{ "abc }}', "1: unterminated quoted string"],
  ["{{ `abc }}", "1: unterminated raw quoted string"],
  ["{{ 'a }}", "1: unterminated character constant"],
  ["{{ 'ab' }}", undefined],
  ['{{ "\\z" }}', undefined],
  ["{{ | }}", '1: unexpected "|" in command'],
  ["{{ | 1 }}", '1: unexpected "|" in command'],
  ["{{ 1 || 2 }}", '1: unexpected "|" in command'],
  ["{{ , }}", '1: unexpected "," in command'],
  ["{{ $x, $y := 1 }}", "1: too many declarations in command"],
  ["{{ range $a, $b, $c := 1 }}{{ end }}", "1: too many declarations in range"],
  ["{{ range $a, 1 }}{{end}}", "1: range can only initialize variables"],
  ["{{ $x := }}", "1: missing value for command"],
  ["{{ if $x := 1 }}{{ $x }}{{ end }}{{ $x }}", '1: undefined variable "$x"'],
  ["{{ : }}", "1: expected :="],
  ["{{ # }}", '1: unexpected "#" in command'],
  ["{{ \u00e9 }}", '1: function "\u00e9" not defined'],
  ["{{ \u2028 }}", "1: unrecognized character in action: U+2028"],
  ["{{ .. }}", "1: unexpected <.> in operand"],
  ["{{ .a.b. }}", "1: unexpected <.> in operand"],
  ['{{ "a".b }}', '1: unexpected . after term "\\"a\\""'],
  ["{{ 1.b }}", '1: bad number syntax: "1.b"'],
  ["{{ nil.x }}", '1: unexpected . after term "nil"'],
  ["{{ true.x }}", '1: unexpected . after term "true"'],
  ["{{ print 1(2) }}", '1: unexpected "(" in operand'],
  ["{{ print (1)2 }}", '1: unexpected "2" in operand'],
  ["{{{ 1 }}}", '1: unexpected "{" in command'],
  ["line1\n{{ foo }}", '2: function "foo" not defined'],
  ["{{ print - }}", undefined],
  ["{{ print 1-2 }}", undefined],
  ["{{- -}}", undefined],
  ["{{--}}", undefined],
  ["{{-}}", undefined],
  ["{{ break 1 }}", '1: unexpected "1" in {{break}}'],
  ["{{range 2}}{{ break 1 }}{{end}}", '1: unexpected "1" in {{break}}'],
  ["{{range 2}}{{break}}{{end}}{{break}}", "1: {{break}} outside {{range}}"],
  ["{{ if }}", "1: missing value for if"],
  ["{{else if true}}", "1: unexpected {{else}}"],
  ["{{if true}}{{else with}}{{end}}", undefined],
];

const FAILING: readonly (readonly [string, string | undefined])[] = [
  ["{{ .Foo }}", undefined],
  ["{{ $x = 1 }}", undefined],
  ["{{ nil }}", '1:3: executing "data" at <nil>: nil is not a command'],
  ["{{ printf 1 }}", undefined],
  [
    "{{ printf }}",
    '1:3: executing "data" at <printf>: wrong number of args for printf: want at least 1 got 0',
  ],
  [
    "{{ eq 1 1.0 }}",
    '1:3: executing "data" at <eq 1 1.0>: error calling eq: incompatible types for comparison: int and float64',
  ],
  [
    '{{ eq 1 "a" }}',
    '1:3: executing "data" at <eq 1 "a">: error calling eq: incompatible types for comparison: int and string',
  ],
  [
    "{{ eq 1 }}",
    '1:3: executing "data" at <eq 1>: error calling eq: missing argument for comparison',
  ],
  [
    "{{ lt true false }}",
    '1:3: executing "data" at <lt true false>: error calling lt: invalid type for comparison',
  ],
  [
    '{{ lt 1 "a" }}',
    '1:3: executing "data" at <lt 1 "a">: error calling lt: incompatible types for comparison: int and string',
  ],
  ["{{ eq }}", '1:3: executing "data" at <eq>: wrong number of args for eq: want at least 1 got 0'],
  ["{{ ne 1 }}", '1:3: executing "data" at <ne>: wrong number of args for ne: want 2 got 1'],
  [
    "{{ index 1 1 }}",
    '1:3: executing "data" at <index 1 1>: error calling index: can\'t index item of type int',
  ],
  [
    '{{ index "abc" "a" }}',
    '1:3: executing "data" at <index "abc" "a">: error calling index: cannot index slice/array with type string',
  ],
  [
    '{{ slice "abc" 4 }}',
    '1:3: executing "data" at <slice "abc" 4>: error calling slice: index out of range: 4',
  ],
  [
    '{{ slice "abc" 2 1 }}',
    '1:3: executing "data" at <slice "abc" 2 1>: error calling slice: invalid slice index: 2 > 1',
  ],
  [
    "{{ slice 1 }}",
    '1:3: executing "data" at <slice 1>: error calling slice: can\'t slice item of type int',
  ],
  ["{{ len 1 }}", '1:3: executing "data" at <len 1>: error calling len: len of type int'],
  ["{{ len nil }}", undefined],
  ["{{ len }}", '1:3: executing "data" at <len>: wrong number of args for len: want 1 got 0'],
  ["{{ len 1 2 }}", '1:3: executing "data" at <len>: wrong number of args for len: want 1 got 2'],
  ["{{ 1 2 }}", '1:3: executing "data" at <1>: can\'t give argument to non-function 1'],
  ["{{ 1 | len 2 }}", '1:7: executing "data" at <len>: wrong number of args for len: want 1 got 2'],
  ["{{ $ 1 }}", '1:3: executing "data" at <$>: can\'t give argument to non-function $'],
  ["{{ $x := 1 2 }}", '1:9: executing "data" at <1>: can\'t give argument to non-function 1'],
  ["{{ (nil).x }}", '1:4: executing "data" at <nil>: nil is not a command'],
  ["{{ range 1.5 }}{{ end }}", undefined],
  ["{{ range true }}{{ end }}", undefined],
  ["{{ not }}", '1:3: executing "data" at <not>: wrong number of args for not: want 1 got 0'],
];

describe("as in Go", () => {
  test.each(RENDERED)("%j renders %j", (template, output) => {
    expect(render(template)).toBe(output);
  });

  test.each(UNPARSABLE)("%j does not parse: %s", (template, text) => {
    const { code, message } = failure(template);
    expect(code).toBe("TEMPLATE_PARSE");
    expect(message).toContain(text === undefined ? "template: data:" : `template: data:${text}`);
  });

  test.each(FAILING)("%j does not run: %s", (template, text) => {
    const { code, message } = failure(template);
    expect(code).toBe("TEMPLATE_EXECUTION");
    expect(message).toContain(text === undefined ? "template: data:" : `template: data:${text}`);
  });
});

describe("with maps, bytes and structs", () => {
  test.each<[string, string]>([
    ["{{ range $k, $v := .Map }}{{ $k }}={{ $v }};{{ end }}", "a=1;b=2;empty=;"],
    ["{{ range .Map }}{{ . }},{{ else }}none{{ end }}", "1,2,,"],
    ["{{ range .Map.missing }}x{{ else }}none{{ end }}", "none"],
    ["{{ .Map }} {{ len .Map }}", "map[a:1 b:2 empty:] 3"],
    ["{{ .Map.missing }} {{ print .Map.missing }}", "<no value> <nil>"],
    ["{{ with .Map.a }}{{ . }}{{ end }}{{ with .Map.empty }}x{{ else }}none{{ end }}", "1none"],
    ["{{ with .Map.x }}a{{ else with .Struct }}{{ .Name }}{{ else }}c{{ end }}", "n"],
    ["{{ if .Map.x }}a{{ else if .Map.a }}b{{ else }}c{{ end }}", "b"],
    ["{{ .Bytes }} {{ printf `%s %x %v` .Bytes .Bytes .Bytes }}", "[104 105] hi 6869 [104 105]"],
    ["{{ index .Bytes 1 }} {{ slice .Bytes 1 }} {{ len .Bytes }}", "105 [105] 2"],
    ["{{ range $i, $b := .Bytes }}{{ $i }}:{{ $b }} {{ end }}", "0:104 1:105 "],
    ["{{ (index .Map `a`) | printf `%02d` }}", "01"],
    ["{{ $.Struct.Name }}{{ $s := .Struct }}{{ $s.Name }}", "nn"],
    ["{{ range $i := 3 }}{{ if eq $i 1 }}{{ continue }}{{ end }}{{ $i }}{{ end }}", "02"],
    ["{{ $n := 0 }}{{ range 3 }}{{ $n = . }}{{ end }}{{ $n }}", "2"],
  ])("%s renders %s", (template, output) => {
    expect(render(template)).toBe(output);
  });

  test.each<[string, string]>([
    [
      "{{ .Struct.Missing }}",
      '1:10: executing "data" at <.Struct.Missing>: can\'t evaluate field Missing',
    ],
    ["{{ .Map 1 }}", "Map has arguments but cannot be invoked as function"],
    ["{{ .Map.a 1 }}", "a is not a method but has arguments"],
    ["{{ index .Bytes 2 }}", "error calling index: index out of range: 2"],
    ["{{ index .Map 1 }}", "error calling index: value has type int; should be string"],
    ["{{ eq .Bytes .Bytes }}", "error calling eq: uncomparable type []uint8"],
    ["{{ slice .Map }}", "error calling slice: can't slice item"],
    ["{{ range .Struct }}{{ end }}", "range can't iterate over a value of type inner"],
    ["{{ .Struct }}", "can't print a value of type inner"],
  ])("%s fails: %s", (template, message) => {
    expect(failure(template)).toMatchObject({
      code: "TEMPLATE_EXECUTION",
      message: expect.stringContaining(message),
    });
  });
});

test.each([
  '{{ define "x" }}{{ end }}',
  '{{ template "x" }}',
  '{{ block "x" . }}{{ end }}',
  '{{ printf "%[1]d" 1 }}',
  '{{ printf "%*d" 3 1 }}',
  '{{ printf "%#v" 3 }}',
])("%s is refused as unsupported", (template) => {
  expect(failure(template).code).toBe("TEMPLATE_UNSUPPORTED");
});

test("names outside ASCII are names, and stay readable in messages", () => {
  const data = new Map<string, TemplateValue>([[binaryOfText("ключ"), "v"]]);
  expect(render("{{ .ключ }}{{ $é := 1 }}{{ $é }}", data)).toBe("v1");
  expect(failure("{{ .Struct.ключ }}").message).toContain(
    "can't evaluate field ключ in type inner",
  );
});
