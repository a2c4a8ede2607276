import type { Random } from "../random.ts";
import type { MutationContext, Mutator } from "./bytes.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A mutator of UTF-8 text; what is no UTF-8 is replaced before. */
function ofText(change: (text: string, context: MutationContext) => string): Mutator {
  return (input, context) =>
    encoder.encode(change(decoder.decode(input), context)).slice(0, context.maxBytes);
}

/** Replaces one match of the global `pattern`, if there is one: the first behind a random place. */
function replaceOne(
  text: string,
  pattern: RegExp,
  random: Random,
  replacement: (match: string) => string,
): string {
  pattern.lastIndex = random.below(text.length);
  let found = pattern.exec(text);
  if (found === null) {
    pattern.lastIndex = 0;
    found = pattern.exec(text);
  }
  if (found === null) return text;
  const { 0: match, index } = found;
  return text.slice(0, index) + replacement(match) + text.slice(index + match.length);
}

const VALUE = /"(?:[^"\\]|\\.)*"(?!\s*:)|-?\b\d+(?:\.\d+)?\b|\btrue\b|\bfalse\b|\bnull\b/g;
const NUMBER = /(?<=[:[,]\s*)-?\d+/g;
const MEMBER = /"[^"\\]*"\s*:\s*(?:"[^"\\]*"|-?\d+|true|false|null|\[\]|\{\})/g;
const KEY = /"[^"\\]*"(?=\s*:)/g;
const DATE = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/g;
const STRUCTURE = /[{}[\],:"]/g;
const HEX_RUN = /[0-9a-fA-F]{4,}/g;

const NUMBERS = [
  "NaN",
  "Infinity",
  "-0",
  "-1",
  "00",
  "0x10",
  "1.0",
  "1.5",
  "1e3",
  "1e999",
  "1E-999",
  "4294967296",
  "9007199254740992",
  "9007199254740993",
  "18446744073709551616",
  "9".repeat(400),
  "+1",
  "-",
  ".5",
  "1_000",
];
const DATES = [
  "",
  "NaN",
  "2026-02-30T00:00:00Z",
  "2026-06-01T24:00:00Z",
  "2026-06-01T23:59:60Z",
  "0000-00-00T00:00:00Z",
  "-000001-01-01T00:00:00Z",
  "+275760-09-13T00:00:01Z",
  "9999-12-31T23:59:59Z",
  "2026-06-01T00:00:00",
  "2026-06-01T00:00:00+00:00",
  "2026-06-01",
  "1970-01-01T00:00:00.000Z",
];
const VALUES = ["null", "true", "[]", "{}", '""', "0", '"\\ud800"', '"\\u0000"', '"any"', "[[]]"];
/** Members that change what objects inherit where a reader copies them carelessly. */
const PROTOTYPE_MEMBERS = [
  '"__proto__":{"polluted":true}',
  '"__proto__":null',
  '"__proto__":[]',
  '"constructor":{"prototype":{"polluted":true}}',
  '"toString":1',
  '"hasOwnProperty":null',
  '"length":4294967295',
  '"then":{}',
];

const oddNumber = ofText((text, { random }) =>
  replaceOne(text, NUMBER, random, () => random.pick(NUMBERS)),
);
const oddDate = ofText((text, { random }) =>
  replaceOne(text, DATE, random, () => random.pick(DATES)),
);
const oddValue = ofText((text, { random }) =>
  replaceOne(text, VALUE, random, () => random.pick(VALUES)),
);
const duplicateMember = ofText((text, { random }) =>
  replaceOne(text, MEMBER, random, (member) => `${member},${member}`),
);
const prototypeMember = ofText((text, { random }) =>
  replaceOne(text, /\{/g, random, () => `{${random.pick(PROTOTYPE_MEMBERS)},`),
);
const prototypeKey = ofText((text, { random }) =>
  replaceOne(text, KEY, random, () => random.pick(['"__proto__"', '"constructor"', '""'])),
);
const foldedKey = ofText((text, { random }) =>
  replaceOne(text, KEY, random, (key) =>
    random.pick([key.toUpperCase(), key.toLowerCase(), key.replace("s", "\u017f")]),
  ),
);
const escapedKey = ofText((text, { random }) =>
  replaceOne(text, KEY, random, (key) => {
    const code = key.charCodeAt(1).toString(16).padStart(4, "0");
    return `"\\u${code}${key.slice(2)}`;
  }),
);
const structure = ofText((text, { random }) =>
  replaceOne(text, STRUCTURE, random, (match) =>
    random.pick(["", match + match, "[", "}", ",", ":", '"']),
  ),
);
const space = ofText((text, { random }) =>
  replaceOne(
    text,
    STRUCTURE,
    random,
    (match) => match + random.pick([" ", "\t\r\n", "\u00a0", "\ufeff", "\0"]),
  ),
);
const hexDigits = ofText((text, { random }) =>
  replaceOne(text, HEX_RUN, random, (digits) =>
    random.pick([
      digits.slice(1),
      `${digits}0`,
      digits.toUpperCase(),
      `0x${digits.slice(2)}`,
      `${digits.slice(0, -1)}g`,
      `${digits.slice(0, -1)} `,
    ]),
  ),
);
const nested = ofText((text, { random, maxBytes }) =>
  replaceOne(text, VALUE, random, (value) => {
    const [open, close] = random.pick([
      ["[", "]"],
      ['{"a":', "}"],
    ] as const);
    const most = Math.floor(maxBytes / 8);
    const depth = random.oneIn(8) ? random.below(most) : 1 + random.below(40);
    return open.repeat(depth) + value + (random.oneIn(4) ? "" : close.repeat(depth));
  }),
);
const longText = ofText((text, { random, maxBytes }) => {
  const length = random.oneIn(20) ? random.below(maxBytes) : random.below(600);
  const unit = random.pick(["a", "\\n", "\\u0041", "0", "é", "\u{1f512}"]);
  return replaceOne(text, VALUE, random, () => `"${unit.repeat(Math.ceil(length / unit.length))}"`);
});
const manyMembers = ofText((text, { random, maxBytes }) => {
  const count = random.oneIn(20) ? Math.floor(maxBytes / 12) : random.below(50);
  const members = Array.from({ length: count }, (_, i) => `"k${i}":${i}`).join(",");
  return replaceOne(text, /\{/g, random, () => `{${members},`);
});

/** Mutators of JSON, beside those of bytes. */
export const JSON_MUTATORS: readonly Mutator[] = [
  oddNumber,
  oddDate,
  oddValue,
  oddValue,
  duplicateMember,
  prototypeMember,
  prototypeKey,
  foldedKey,
  escapedKey,
  structure,
  space,
  hexDigits,
  nested,
  longText,
  manyMembers,
];

const LINE = /[^\n]*\n?/g;
const BOUNDARY = /-----(?:BEGIN|END) [A-Z0-9 ]+-----/g;

const dropLine = ofText((text, { random }) => replaceOne(text, LINE, random, () => ""));
const repeatLine = ofText((text, { random, maxBytes }) => {
  const count = random.oneIn(20) ? Math.floor(maxBytes / 70) : 2;
  return replaceOne(text, LINE, random, (line) => line.repeat(count));
});
const joinLines = ofText((text, { random }) =>
  replaceOne(text, /\n/g, random, () =>
    random.pick(["", " ", "\r\n", "\0", "\n\n", "\u2028", "text\n"]),
  ),
);
const boundary = ofText((text, { random }) =>
  replaceOne(text, BOUNDARY, random, (found) =>
    random.pick([
      "",
      found + found,
      found.slice(1),
      found.replace("BEGIN", "END"),
      found.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
      found.replace("CERTIFICATE", "A".repeat(2000)),
      found.toLowerCase(),
    ]),
  ),
);
const base64 = ofText((text, { random }) =>
  replaceOne(text, /[A-Za-z0-9+/]{2}(?=\n)/g, random, (found) =>
    random.pick(["==", `${found}=`, `${found.charAt(0)}=`, "_-", "AA", "é", found + found]),
  ),
);
const swapBlocks = ofText((text, { random }) => {
  const blocks = text.split(/(?<=-----END [A-Z0-9 ]+-----\s*)/);
  const at = random.below(blocks.length);
  blocks.splice(random.below(blocks.length), 0, ...blocks.splice(at, 1));
  return blocks.join("");
});

/** Mutators of PEM, beside those of bytes. */
export const PEM_MUTATORS: readonly Mutator[] = [
  dropLine,
  repeatLine,
  joinLines,
  boundary,
  base64,
  swapBlocks,
];
