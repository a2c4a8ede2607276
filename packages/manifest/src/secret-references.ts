import { ManifestError } from "./error.ts";
import type { Marble } from "./manifest.ts";
import type { ManifestFile } from "./manifest-file.ts";
import { secretFunctions, type TemplateKind } from "./secret-functions.ts";
import { binaryOfBytes, textOfBinary } from "./template/binary-text.ts";
import { BUILTINS } from "./template/builtins.ts";
import type { OperandNode, PipeNode, TemplateNode } from "./template/node.ts";
import { parseTemplate } from "./template/parser.ts";

/** The secrets that templates name. */
export interface SecretReferences {
  readonly names: ReadonlySet<string>;
  /** Whether a template reaches secrets in another way than by a fixed name, so that any may be meant. */
  readonly any: boolean;
}

/**
 * The secrets that reach a Marble through its files and environment; may name more than really do,
 * never fewer. A template that does not parse reaches none, because no Marble can get it.
 */
export function secretReferences({ parameters }: Pick<Marble, "parameters">): SecretReferences {
  const found = [
    ...[...parameters.files.values()].map((entry) => referencesOf("file", entry)),
    ...[...parameters.env.values()].map((entry) => referencesOf("env", entry)),
  ];
  return {
    names: new Set(found.flatMap(({ names }) => [...names])),
    any: found.some(({ any }) => any),
  };
}

function referencesOf(kind: TemplateKind, { data, noTemplates }: ManifestFile): SecretReferences {
  const names = new Set<string>();
  let any = false;
  const seePath = (path: readonly string[]) => {
    const name = path[path.indexOf("Secrets") + 1];
    if (path.includes("Secrets") && name !== undefined) names.add(textOfBinary(name));
    else if (path.includes("Secrets") || path.at(-1) === "Previous") any = true;
  };
  const seeAll = () => {
    any = true;
  };
  const seer: Seer = { seePath, seeAll };
  if (!noTemplates) for (const node of parseOrNone(kind, data)) walkNode(node, seer, true);
  return { names, any };
}

interface Seer {
  readonly seePath: (path: readonly string[]) => void;
  readonly seeAll: () => void;
}

function parseOrNone(kind: TemplateKind, data: Uint8Array): readonly TemplateNode[] {
  const functions = new Map([...BUILTINS, ...secretFunctions(kind)]);
  try {
    return parseTemplate(binaryOfBytes(data), (name) => functions.has(name));
  } catch (error) {
    if (error instanceof ManifestError) return [];
    throw error;
  }
}

/** `atRoot`: the dot is the whole data, not what a `with` or `range` around has picked. */
function walkNode(node: TemplateNode, seer: Seer, atRoot: boolean): void {
  if (node.kind === "action") walkPipe(node.pipe, seer, atRoot);
  if (node.kind !== "if" && node.kind !== "with" && node.kind !== "range") return;
  walkPipe(node.pipe, seer, atRoot);
  const bodyAtRoot = atRoot && node.kind === "if";
  for (const each of node.body) walkNode(each, seer, bodyAtRoot);
  for (const each of node.otherwise ?? []) walkNode(each, seer, atRoot);
}

function walkPipe(pipe: PipeNode, seer: Seer, atRoot: boolean): void {
  for (const { operands } of pipe.commands) walkOperands(operands, seer, atRoot);
}

function walkOperands(operands: readonly OperandNode[], seer: Seer, atRoot: boolean): void {
  const [first, second, third] = operands;
  const isIndex = first?.kind === "identifier" && first.name === "index";
  const path = second?.kind === "field" || second?.kind === "variable" ? second.path : undefined;
  if (isIndex && path?.at(-1) === "Secrets" && third?.kind === "literal") {
    seer.seePath([...path, String(third.value)]);
    for (const operand of operands.slice(3)) walkOperand(operand, seer, atRoot);
    return;
  }
  for (const operand of operands) walkOperand(operand, seer, atRoot);
}

function walkOperand(node: OperandNode, seer: Seer, atRoot: boolean): void {
  if (node.kind === "pipe") walkPipe(node, seer, atRoot);
  else if (node.kind === "field") seer.seePath(node.path);
  else if (node.kind === "dot" && atRoot) seer.seeAll();
  else if (node.kind === "variable" && node.path.length > 0) seer.seePath(node.path);
  else if (node.kind === "variable" && node.name === "$") seer.seeAll();
  else if (node.kind === "chain") {
    walkOperand(node.of, seer, atRoot);
    seer.seePath(node.path);
  }
}
