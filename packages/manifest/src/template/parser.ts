import { ManifestError } from "../error.ts";
import { failParse, locationOf, TEMPLATE_NAME } from "./failure.ts";
import { lexTemplate, type Token, type TokenKind } from "./lexer.ts";
import type {
  BranchNode,
  CommandNode,
  LiteralNode,
  OperandNode,
  PipeNode,
  TemplateNode,
} from "./node.ts";
import { showNode } from "./node.ts";
import { parseNumberLiteral } from "./number-literal.ts";
import { quoteString, unquoteCharacter, unquoteString } from "./quote.ts";

/** Nested blocks and parentheses; parser and executor recurse once a level. */
const MAX_DEPTH = 100;
/** Variables in scope at once: each use looks through them. */
const MAX_VARIABLES = 1000;
const OPERANDS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "bool",
  "charConstant",
  "dot",
  "field",
  "identifier",
  "leftParen",
  "nil",
  "number",
  "string",
  "variable",
]);
const UNSUPPORTED: ReadonlySet<string> = new Set(["block", "define", "template"]);

interface Parser {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly hasFunction: (name: string) => boolean;
  /** Variables in scope, innermost last. */
  variables: string[];
  at: number;
  depth: number;
  rangeDepth: number;
}

/** How a list of nodes ended. */
type Ending = "eof" | "end" | "else";

interface NodeList {
  readonly nodes: readonly TemplateNode[];
  readonly ending: Ending;
}

/**
 * Parses binary template text. Throws `TEMPLATE_PARSE` with Go's texts, `TEMPLATE_UNSUPPORTED` for
 * `define`, `template` and `block`, `TEMPLATE_LIMIT` for nesting.
 */
export function parseTemplate(
  text: string,
  hasFunction: (name: string) => boolean,
): readonly TemplateNode[] {
  const parser: Parser = {
    text,
    tokens: lexTemplate(text),
    hasFunction,
    variables: ["$"],
    at: 0,
    depth: 0,
    rangeDepth: 0,
  };
  const { nodes, ending } = parseList(parser);
  if (ending !== "eof") fail(parser, `unexpected {{${ending}}}`);
  return nodes;
}

function parseList(parser: Parser): NodeList {
  const nodes: TemplateNode[] = [];
  for (;;) {
    const token = next(parser);
    if (token.kind === "eof") return { nodes, ending: "eof" };
    if (token.kind === "text") {
      nodes.push({ kind: "text", position: token.position, text: token.value });
      continue;
    }
    const node = parseAction(parser);
    if (typeof node === "string") return { nodes, ending: node };
    nodes.push(node);
  }
}

/** What follows `{{`; `{{end}}` and `{{else` answer how the list around them ends. */
function parseAction(parser: Parser): TemplateNode | "end" | "else" {
  const token = peekPastSpace(parser);
  if (token.kind !== "keyword") {
    const pipe = parsePipe(parser, "command", "right");
    return { kind: "action", position: pipe.position, pipe };
  }
  nextPastSpace(parser);
  switch (token.value) {
    case "if":
    case "with":
    case "range":
      return parseBranch(parser, token.value);
    case "break":
    case "continue":
      return parseJump(parser, token.value, token.position);
    case "end":
      expect(parser, "right", "end");
      return "end";
    case "else":
      return "else";
    default:
      return refuseKeyword(parser, token);
  }
}

function refuseKeyword(parser: Parser, token: Token): never {
  if (!UNSUPPORTED.has(token.value)) unexpected(parser, token, "command");
  throw new ManifestError(
    "TEMPLATE_UNSUPPORTED",
    `template: ${TEMPLATE_NAME}:${locationOf(parser.text, token.position)}: ${token.value} is not supported`,
  );
}

function parseJump(parser: Parser, kind: "break" | "continue", position: number): TemplateNode {
  const token = nextPastSpace(parser);
  if (token.kind !== "right") unexpected(parser, token, `{{${kind}}}`);
  if (parser.rangeDepth === 0) fail(parser, `{{${kind}}} outside {{range}}`);
  return { kind, position };
}

function parseBranch(parser: Parser, kind: BranchNode["kind"]): BranchNode {
  return nested(parser, () => {
    const scope = parser.variables;
    parser.variables = [...scope];
    const pipe = parsePipe(parser, kind, "right");
    parser.rangeDepth += kind === "range" ? 1 : 0;
    const { nodes: body, ending } = parseList(parser);
    parser.rangeDepth -= kind === "range" ? 1 : 0;
    if (ending === "eof") fail(parser, "unexpected EOF");
    const otherwise = ending === "else" ? parseElse(parser, kind) : undefined;
    parser.variables = scope;
    return { kind, position: pipe.position, pipe, body, otherwise };
  });
}

/** After `{{else`: the second body, or `{{else if}}` and `{{else with}}`, which share the `{{end}}`. */
function parseElse(parser: Parser, kind: BranchNode["kind"]): readonly TemplateNode[] {
  const token = peekPastSpace(parser);
  if (token.kind === "keyword" && token.value === kind && kind !== "range") {
    nextPastSpace(parser);
    return [parseBranch(parser, kind)];
  }
  expect(parser, "right", "else");
  const { nodes, ending } = parseList(parser);
  if (ending === "eof") fail(parser, "unexpected EOF");
  if (ending === "else") fail(parser, "expected end; found {{else}}");
  return nodes;
}

function parsePipe(parser: Parser, context: string, end: "right" | "rightParen"): PipeNode {
  const { position } = peekPastSpace(parser);
  const { variables, assigns } = parseDeclaration(parser, context);
  const commands: CommandNode[] = [];
  for (;;) {
    const token = nextPastSpace(parser);
    if (token.kind === end) break;
    if (!OPERANDS.has(token.kind)) unexpected(parser, token, context);
    parser.at -= 1;
    commands.push(parseCommand(parser));
  }
  const pipe: PipeNode = { kind: "pipe", position, variables, assigns, commands };
  checkPipe(parser, pipe, context);
  return pipe;
}

function parseDeclaration(parser: Parser, context: string) {
  const start = parser.at;
  const variables: string[] = [];
  for (;;) {
    const variable = nextPastSpace(parser);
    const follower = nextPastSpace(parser);
    if (
      variable.kind === "variable" &&
      (follower.kind === "assign" || follower.kind === "declare")
    ) {
      variables.push(variable.value);
      declare(parser, variables);
      return { variables, assigns: follower.kind === "assign" };
    }
    const more = variable.kind === "variable" && follower.value === "," && follower.kind === "char";
    if (!more) break;
    if (context !== "range" || variables.length > 0) {
      fail(parser, `too many declarations in ${context}`);
    }
    variables.push(variable.value);
  }
  if (variables.length > 0) fail(parser, "range can only initialize variables");
  parser.at = start;
  return { variables, assigns: false };
}

function declare(parser: Parser, names: readonly string[]): void {
  parser.variables.push(...names);
  if (parser.variables.length <= MAX_VARIABLES) return;
  throw new ManifestError("TEMPLATE_LIMIT", `template with more than ${MAX_VARIABLES} variables`);
}

function checkPipe(parser: Parser, pipe: PipeNode, context: string): void {
  if (pipe.commands.length === 0) fail(parser, `missing value for ${context}`);
  const stage = pipe.commands.findIndex((command, index) => {
    const kind = command.operands[0]?.kind;
    return index > 0 && (kind === "literal" || kind === "dot" || kind === "nil");
  });
  if (stage > 0) fail(parser, `non executable command in pipeline stage ${stage + 1}`);
}

function parseCommand(parser: Parser): CommandNode {
  const { position } = peekPastSpace(parser);
  const operands: OperandNode[] = [];
  for (;;) {
    const operand = parseOperand(parser);
    if (operand !== undefined) operands.push(operand);
    const token = next(parser);
    if (token.kind === "space") {
      if (OPERANDS.has(peekPastSpace(parser).kind)) continue;
      if (endsCommand(nextPastSpace(parser))) return finishCommand(parser, position, operands);
    } else if (endsCommand(token)) {
      return finishCommand(parser, position, operands);
    }
    parser.at -= 1;
    unexpected(parser, next(parser), "operand");
  }
}

function endsCommand(token: Token): boolean {
  return token.kind === "right" || token.kind === "rightParen" || token.kind === "pipe";
}

/** Leaves a closing delimiter for the pipeline. */
function finishCommand(
  parser: Parser,
  position: number,
  operands: readonly OperandNode[],
): CommandNode {
  const ended = parser.tokens[parser.at - 1];
  if (ended?.kind !== "pipe") parser.at -= 1;
  if (operands.length === 0) fail(parser, "empty command");
  return { kind: "command", position, operands };
}

function parseOperand(parser: Parser): OperandNode | undefined {
  const node = parseTerm(parser);
  if (node === undefined || peek(parser).kind !== "field") return node;
  const { position } = peek(parser);
  const path: string[] = [];
  while (peek(parser).kind === "field") path.push(next(parser).value.slice(1));
  if (node.kind === "field") return { kind: "field", position, path: [...node.path, ...path] };
  if (node.kind === "variable") return { ...node, position, path };
  if (node.kind === "literal" || node.kind === "nil" || node.kind === "dot") {
    fail(parser, `unexpected . after term ${quoteString(showNode(node))}`);
  }
  return { kind: "chain", position, of: node, path };
}

function parseTerm(parser: Parser): OperandNode | undefined {
  const token = nextPastSpace(parser);
  const { kind, position, value } = token;
  if (kind === "dot" || kind === "nil") return { kind, position };
  if (kind === "field") return { kind, position, path: [value.slice(1)] };
  if (kind === "leftParen") {
    return nested(parser, () => parsePipe(parser, "parenthesized pipeline", "rightParen"));
  }
  if (kind === "identifier") {
    if (!parser.hasFunction(value)) fail(parser, `function ${quoteString(value)} not defined`);
    return { kind, position, name: value };
  }
  if (kind === "variable") {
    if (!parser.variables.includes(value)) fail(parser, `undefined variable ${quoteString(value)}`);
    return { kind, position, name: value, path: [] };
  }
  if (OPERANDS.has(kind)) return parseLiteral(parser, token);
  parser.at -= 1;
  return undefined;
}

function parseLiteral(parser: Parser, token: Token): LiteralNode {
  const value = literalValue(token);
  if (value === undefined) fail(parser, `bad ${token.kind} syntax: ${quoteString(token.value)}`);
  return { kind: "literal", position: token.position, value, source: token.value };
}

function literalValue({ kind, value }: Token): LiteralNode["value"] | undefined {
  if (kind === "bool") return value === "true";
  if (kind === "string") return unquoteString(value);
  if (kind === "number") return parseNumberLiteral(value);
  const code = unquoteCharacter(value);
  return code === undefined ? undefined : BigInt(code);
}

function nested<T>(parser: Parser, parse: () => T): T {
  if (parser.depth === MAX_DEPTH) {
    throw new ManifestError("TEMPLATE_LIMIT", `template nested deeper than ${MAX_DEPTH} levels`);
  }
  parser.depth += 1;
  const result = parse();
  parser.depth -= 1;
  return result;
}

function peek(parser: Parser): Token {
  const token = parser.tokens[parser.at] ?? parser.tokens.at(-1);
  return token ?? { kind: "eof", value: "", position: 0 };
}

function next(parser: Parser): Token {
  const token = peek(parser);
  parser.at += 1;
  return token;
}

function peekPastSpace(parser: Parser): Token {
  while (peek(parser).kind === "space") parser.at += 1;
  return peek(parser);
}

function nextPastSpace(parser: Parser): Token {
  peekPastSpace(parser);
  return next(parser);
}

function expect(parser: Parser, kind: TokenKind, context: string): void {
  const token = nextPastSpace(parser);
  if (token.kind !== kind) unexpected(parser, token, context);
}

function unexpected(parser: Parser, token: Token, context: string): never {
  return fail(parser, `unexpected ${showToken(token)} in ${context}`);
}

/** Words Go knows stand in angle brackets, other tokens in quotes, cut after ten bytes. */
function showToken({ kind, value }: Token): string {
  if (kind === "eof") return "EOF";
  if (kind === "keyword" || kind === "dot" || kind === "nil") return `<${value}>`;
  return quoteString(value.slice(0, 10)) + (value.length > 10 ? "..." : "");
}

/** Refuses at the token read last, as Go counts lines. */
function fail(parser: Parser, message: string): never {
  const position = parser.tokens[Math.max(parser.at - 1, 0)]?.position ?? parser.text.length;
  return failParse(parser.text, position, message);
}
