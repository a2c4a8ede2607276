/** A parsed template; `position` is a byte offset into the source, names and texts are binary. */
export type TemplateNode =
  | { readonly kind: "text"; readonly position: number; readonly text: string }
  | { readonly kind: "action"; readonly position: number; readonly pipe: PipeNode }
  | BranchNode
  | { readonly kind: "break" | "continue"; readonly position: number };

/** `if`, `with` or `range` with its two bodies. */
export interface BranchNode {
  readonly kind: "if" | "with" | "range";
  readonly position: number;
  readonly pipe: PipeNode;
  readonly body: readonly TemplateNode[];
  readonly otherwise: readonly TemplateNode[] | undefined;
}

/** Commands joined by `|`, and the variables their value goes to. */
export interface PipeNode {
  readonly kind: "pipe";
  readonly position: number;
  readonly variables: readonly string[];
  /** Whether the variables exist already (`=`, not `:=`). */
  readonly assigns: boolean;
  readonly commands: readonly CommandNode[];
}

/** Operands side by side: a function and its arguments, or one value. */
export interface CommandNode {
  readonly kind: "command";
  readonly position: number;
  readonly operands: readonly OperandNode[];
}

/** One operand of a command. */
export type OperandNode =
  | PipeNode
  | { readonly kind: "dot" | "nil"; readonly position: number }
  | IdentifierNode
  | { readonly kind: "field"; readonly position: number; readonly path: readonly string[] }
  | {
      readonly kind: "variable";
      readonly position: number;
      readonly name: string;
      readonly path: readonly string[];
    }
  | {
      readonly kind: "chain";
      readonly position: number;
      readonly of: OperandNode;
      readonly path: readonly string[];
    }
  | LiteralNode;

/** The name of a function. */
export interface IdentifierNode {
  readonly kind: "identifier";
  readonly position: number;
  readonly name: string;
}

/** A constant and how it was written. */
export interface LiteralNode {
  readonly kind: "literal";
  readonly position: number;
  readonly value: boolean | bigint | number | string;
  readonly source: string;
}

/** The source form of a node as Go prints it in `at <…>`. */
export function showNode(node: CommandNode | OperandNode): string {
  switch (node.kind) {
    case "command":
      return node.operands.map(showOperand).join(" ");
    case "pipe":
      return showPipe(node);
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "identifier":
      return node.name;
    case "field":
      return showPath(node.path);
    case "variable":
      return `${node.name}${showPath(node.path)}`;
    case "chain":
      return `${showOperand(node.of)}${showPath(node.path)}`;
    case "literal":
      return node.source;
  }
}

function showOperand(node: OperandNode): string {
  return node.kind === "pipe" ? `(${showPipe(node)})` : showNode(node);
}

function showPipe(pipe: PipeNode): string {
  const target = pipe.assigns ? "=" : ":=";
  const variables = pipe.variables.length > 0 ? `${pipe.variables.join(", ")} ${target} ` : "";
  return variables + pipe.commands.map(showNode).join(" | ");
}

function showPath(path: readonly string[]): string {
  return path.map((name) => `.${name}`).join("");
}
