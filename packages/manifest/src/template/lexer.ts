import { runeOf } from "./binary-text.ts";
import { failParse } from "./failure.ts";
import { describeRune, isPrintable, quoteString } from "./quote.ts";

/** What a piece of a template is. */
export type TokenKind =
  | "text"
  | "left"
  | "right"
  | "space"
  | "assign"
  | "declare"
  | "pipe"
  | "leftParen"
  | "rightParen"
  | "char"
  | "bool"
  | "charConstant"
  | "number"
  | "string"
  | "dot"
  | "field"
  | "variable"
  | "identifier"
  | "keyword"
  | "nil"
  | "eof";

/** One token; `value` is binary text, `position` its byte offset. */
export interface Token {
  readonly kind: TokenKind;
  readonly value: string;
  readonly position: number;
}

const LEFT = "{{";
const RIGHT = "}}";
const SPACES = " \t\r\n";
const KEYWORDS: ReadonlySet<string> = new Set([
  "block",
  "break",
  "continue",
  "define",
  "else",
  "end",
  "if",
  "range",
  "template",
  "with",
]);
/** Digits with separators, for each base; Go rejects wrong digits later, when it reads the number. */
const NUMBER =
  /[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/y;
const ALPHANUMERIC = /^[_\p{L}\p{Nd}]$/u;

interface Lexer {
  readonly text: string;
  readonly tokens: Token[];
  at: number;
  parens: number;
}

/** Splits a template into tokens, the last one `eof`. Throws `TEMPLATE_PARSE`. */
export function lexTemplate(text: string): readonly Token[] {
  const lexer: Lexer = { text, tokens: [], at: 0, parens: 0 };
  let trimLeft = false;
  while (lexer.at < text.length) {
    const open = text.indexOf(LEFT, lexer.at);
    const end = open === -1 ? text.length : open;
    const trimRight = open !== -1 && isTrimMarker(text, open + LEFT.length);
    emitText(lexer, end, trimLeft, trimRight);
    if (open === -1) break;
    trimLeft = lexDelimited(lexer, trimRight);
  }
  lexer.tokens.push({ kind: "eof", value: "", position: text.length });
  return lexer.tokens;
}

function emitText(lexer: Lexer, end: number, trimLeft: boolean, trimRight: boolean): void {
  let from = lexer.at;
  let to = end;
  if (trimLeft) while (from < to && isSpace(lexer.text, from)) from += 1;
  if (trimRight) while (to > from && isSpace(lexer.text, to - 1)) to -= 1;
  if (to > from) {
    lexer.tokens.push({ kind: "text", value: lexer.text.slice(from, to), position: from });
  }
  lexer.at = end;
}

/** Lexes `{{…}}` or a comment and answers whether the text after it is to be trimmed. */
function lexDelimited(lexer: Lexer, marked: boolean): boolean {
  const open = lexer.at;
  lexer.at += LEFT.length + (marked ? 2 : 0);
  if (lexer.text.startsWith("/*", lexer.at)) return skipComment(lexer);
  lexer.tokens.push({ kind: "left", value: LEFT, position: open });
  lexer.parens = 0;
  for (;;) {
    const close = rightDelimiter(lexer);
    if (close !== undefined) {
      if (lexer.parens > 0) fail(lexer, "unclosed left paren");
      emit(lexer, "right", close);
      return close > RIGHT.length;
    }
    lexInsideAction(lexer);
  }
}

function skipComment(lexer: Lexer): boolean {
  const end = lexer.text.indexOf("*/", lexer.at + 2);
  if (end === -1) fail(lexer, "unclosed comment");
  lexer.at = end + 2;
  const close = rightDelimiter(lexer);
  if (close === undefined) return fail(lexer, "comment ends before closing delimiter");
  lexer.at += close;
  return close > RIGHT.length;
}

/** Length of the right delimiter here, 4 with its trim marker. */
function rightDelimiter({ text, at }: Lexer): number | undefined {
  if (text.startsWith(RIGHT, at)) return RIGHT.length;
  const marked = isSpace(text, at) && text.startsWith(`-${RIGHT}`, at + 1);
  return marked ? RIGHT.length + 2 : undefined;
}

function isTrimMarker(text: string, at: number): boolean {
  return text.charAt(at) === "-" && isSpace(text, at + 1);
}

function lexInsideAction(lexer: Lexer): void {
  const character = lexer.text.charAt(lexer.at);
  if (character === "") fail(lexer, "unclosed action");
  const lex = BY_FIRST_CHARACTER.get(character) ?? lexWordOrChar;
  lex(lexer);
}

const BY_FIRST_CHARACTER: ReadonlyMap<string, (lexer: Lexer) => void> = new Map([
  ...Array.from(SPACES, (space) => [space, lexSpace] as const),
  ...Array.from("0123456789+-", (first) => [first, lexNumber] as const),
  ["(", (lexer) => lexParen(lexer, 1)],
  [")", (lexer) => lexParen(lexer, -1)],
  ["=", (lexer) => emit(lexer, "assign", 1)],
  ["|", (lexer) => emit(lexer, "pipe", 1)],
  [":", lexDeclare],
  [".", lexDot],
  ["$", (lexer) => lexName(lexer, "variable")],
  ["`", lexRawString],
  ['"', (lexer) => lexQuoted(lexer, "string", "unterminated quoted string")],
  ["'", (lexer) => lexQuoted(lexer, "charConstant", "unterminated character constant")],
]);

function lexDeclare(lexer: Lexer): void {
  if (lexer.text.charAt(lexer.at + 1) !== "=") fail(lexer, "expected :=");
  emit(lexer, "declare", 2);
}

function lexDot(lexer: Lexer): void {
  if (isDigit(lexer.text.charAt(lexer.at + 1))) lexNumber(lexer);
  else lexName(lexer, "field");
}

/** A space before a right trim marker belongs to the marker. */
function lexSpace(lexer: Lexer): void {
  let length = 1;
  while (isSpace(lexer.text, lexer.at + length)) length += 1;
  const last = lexer.at + length - 1;
  if (rightDelimiter({ ...lexer, at: last }) !== undefined) length -= 1;
  emit(lexer, "space", length);
}

function lexParen(lexer: Lexer, change: 1 | -1): void {
  lexer.parens += change;
  if (lexer.parens < 0) fail(lexer, "unexpected right paren");
  emit(lexer, change === 1 ? "leftParen" : "rightParen", 1);
}

function lexRawString(lexer: Lexer): void {
  const end = lexer.text.indexOf("`", lexer.at + 1);
  if (end === -1) fail(lexer, "unterminated raw quoted string");
  emit(lexer, "string", end + 1 - lexer.at);
}

function lexNumber(lexer: Lexer): void {
  NUMBER.lastIndex = lexer.at;
  const [number = ""] = NUMBER.exec(lexer.text) ?? [];
  const next = runeLength(lexer.text, lexer.at + number.length);
  if (number === "" || next > 0) {
    const shown = lexer.text.slice(lexer.at, lexer.at + number.length + next);
    fail(lexer, `bad number syntax: ${quoteString(shown)}`);
  }
  emit(lexer, "number", number.length);
}

/** A field or variable: its mark alone, or with a name. */
function lexName(lexer: Lexer, kind: "field" | "variable"): void {
  const length = 1 + nameLength(lexer.text, lexer.at + 1);
  requireTerminator(lexer, lexer.at + length);
  emit(lexer, length === 1 && kind === "field" ? "dot" : kind, length);
}

function lexWordOrChar(lexer: Lexer): void {
  const length = nameLength(lexer.text, lexer.at);
  if (length > 0) {
    requireTerminator(lexer, lexer.at + length);
    const word = lexer.text.slice(lexer.at, lexer.at + length);
    emit(lexer, wordKind(word), length);
    return;
  }
  const { code } = runeOf(lexer.text, lexer.at);
  if (code > 0x7f || !isPrintable(code)) {
    fail(lexer, `unrecognized character in action: ${describeRune(code)}`);
  }
  emit(lexer, "char", 1);
}

function wordKind(word: string): TokenKind {
  if (word === "true" || word === "false") return "bool";
  if (word === "nil") return "nil";
  return KEYWORDS.has(word) ? "keyword" : "identifier";
}

/** A name must be followed by something that cannot belong to one: `.my-secret` is refused here. */
function requireTerminator(lexer: Lexer, at: number): void {
  const next = lexer.text.charAt(at);
  if (next === "" || isSpace(lexer.text, at) || ".,|:()".includes(next)) return;
  if (lexer.text.startsWith(RIGHT, at)) return;
  fail(lexer, `bad character ${describeRune(runeOf(lexer.text, at).code)}`);
}

function nameLength(text: string, from: number): number {
  let at = from;
  for (let size = runeLength(text, at); size > 0; size = runeLength(text, at)) at += size;
  return at - from;
}

/** Bytes of the letter, digit or underscore at `at`; 0 when there is none. */
function runeLength(text: string, at: number): number {
  if (at >= text.length) return 0;
  const { code, size } = runeOf(text, at);
  return ALPHANUMERIC.test(String.fromCodePoint(code)) ? size : 0;
}

/** A literal up to its first quote character that no backslash precedes, on one line. */
function lexQuoted(lexer: Lexer, kind: TokenKind, problem: string): void {
  const quote = lexer.text.charAt(lexer.at);
  let at = lexer.at + 1;
  for (let next = lexer.text.charAt(at); next !== quote; next = lexer.text.charAt(at)) {
    at += next === "\\" ? 1 : 0;
    if (at >= lexer.text.length || lexer.text.charAt(at) === "\n") fail(lexer, problem);
    at += 1;
  }
  emit(lexer, kind, at + 1 - lexer.at);
}

function emit(lexer: Lexer, kind: TokenKind, length: number): void {
  const value = lexer.text.slice(lexer.at, lexer.at + length);
  lexer.tokens.push({ kind, value, position: lexer.at });
  lexer.at += length;
}

function isSpace(text: string, at: number): boolean {
  const character = text.charAt(at);
  return character !== "" && SPACES.includes(character);
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9";
}

function fail(lexer: Lexer, message: string): never {
  return failParse(lexer.text, lexer.at, message);
}
