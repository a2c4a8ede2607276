import { ManifestError } from "./error.ts";

/** A JSON value as written: duplicates, member order and digits are kept, which `JSON.parse` loses. */
export type JsonNode =
  | { readonly kind: "null" }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "array"; readonly items: readonly JsonNode[] }
  | { readonly kind: "object"; readonly members: readonly JsonMember[] };

/** One `"key": value` of an object, as written. */
export interface JsonMember {
  readonly key: string;
  readonly value: JsonNode;
}

/** Nested arrays and objects; a manifest needs 8, and the reader recurses once a level. */
export const MAX_JSON_DEPTH = 200;

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 section 7 forbids them in strings
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const LONE_SURROGATE = /\p{Surrogate}/gu;
const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);
const WORDS: ReadonlyMap<string, JsonNode> = new Map<string, JsonNode>([
  ["null", { kind: "null" }],
  ["true", { kind: "bool", value: true }],
  ["false", { kind: "bool", value: false }],
]);

/**
 * Parses the first JSON value of `text` (RFC 8259, nothing more lenient); `end` is the index of the
 * first character after it and the white space that follows. Lone surrogates become U+FFFD, as in Go.
 * Throws `JSON_EMPTY`, `JSON_SYNTAX`, `JSON_DEPTH`.
 */
export function parseJsonNode(text: string): { readonly node: JsonNode; readonly end: number } {
  const cursor: Cursor = { text, at: 0 };
  skipSpace(cursor);
  if (cursor.at === text.length) throw new ManifestError("JSON_EMPTY", "no JSON value in the text");
  const node = readValue(cursor, 0);
  skipSpace(cursor);
  return { node, end: cursor.at };
}

interface Cursor {
  readonly text: string;
  at: number;
}

function readValue(cursor: Cursor, depth: number): JsonNode {
  const first = cursor.text[cursor.at];
  if (first === '"') return { kind: "string", value: readString(cursor) };
  if (first === "{" || first === "[") {
    if (depth === MAX_JSON_DEPTH) {
      throw new ManifestError("JSON_DEPTH", `JSON nested deeper than ${MAX_JSON_DEPTH} levels`);
    }
    return first === "{" ? readObject(cursor, depth + 1) : readArray(cursor, depth + 1);
  }
  return readWord(cursor) ?? { kind: "number", text: take(cursor, NUMBER) ?? fail(cursor) };
}

function readWord(cursor: Cursor): JsonNode | undefined {
  for (const [word, node] of WORDS) {
    if (cursor.text.startsWith(word, cursor.at)) {
      cursor.at += word.length;
      return node;
    }
  }
  return undefined;
}

function readObject(cursor: Cursor, depth: number): JsonNode {
  const members: JsonMember[] = [];
  readList(cursor, "}", () => {
    if (cursor.text[cursor.at] !== '"') fail(cursor);
    const key = readString(cursor);
    skipSpace(cursor);
    if (!accept(cursor, ":")) fail(cursor);
    skipSpace(cursor);
    members.push({ key, value: readValue(cursor, depth) });
  });
  return { kind: "object", members };
}

function readArray(cursor: Cursor, depth: number): JsonNode {
  const items: JsonNode[] = [];
  readList(cursor, "]", () => items.push(readValue(cursor, depth)));
  return { kind: "array", items };
}

function readList(cursor: Cursor, close: string, readItem: () => void): void {
  cursor.at += 1;
  skipSpace(cursor);
  if (accept(cursor, close)) return;
  do {
    skipSpace(cursor);
    readItem();
    skipSpace(cursor);
  } while (accept(cursor, ","));
  if (!accept(cursor, close)) fail(cursor);
}

function readString(cursor: Cursor): string {
  cursor.at += 1;
  let value = take(cursor, PLAIN) ?? "";
  while (!accept(cursor, '"')) {
    value += unescaped(take(cursor, ESCAPE) ?? fail(cursor));
    value += take(cursor, PLAIN) ?? "";
  }
  return value.replace(LONE_SURROGATE, "\ufffd");
}

function unescaped(sequence: string): string {
  const kind = sequence.charAt(1);
  if (kind === "u") return String.fromCharCode(Number.parseInt(sequence.slice(2), 16));
  return SHORT_ESCAPES.get(kind) ?? kind;
}

function accept(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at += 1;
  return true;
}

/** The longest match of a sticky pattern at the cursor. */
function take(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  const [match] = pattern.exec(cursor.text) ?? [];
  if (match !== undefined) cursor.at += match.length;
  return match;
}

function skipSpace(cursor: Cursor): void {
  take(cursor, SPACE);
}

function fail(cursor: Cursor): never {
  const where = cursor.at < cursor.text.length ? `at character ${cursor.at}` : "at the end";
  throw new ManifestError("JSON_SYNTAX", `JSON is malformed ${where}`);
}
