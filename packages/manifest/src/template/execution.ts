import { ManifestError } from "../error.ts";
import { textOfBinary } from "./binary-text.ts";
import { locationOf, TEMPLATE_NAME } from "./failure.ts";
import { type CommandNode, type OperandNode, showNode } from "./node.ts";
import { isTemplateBytes, type TemplateFunction, type TemplateValue } from "./value.ts";

/** Nodes and iterations one rendering may visit; the largest real template visits hundreds. */
const MAX_STEPS = 100_000;
/** Bytes of the output: as much as a manifest can hold. */
const MAX_OUTPUT_BYTES: number = 16 * 1024 * 1024;
/** Bytes all functions take and give together, which bounds their time and memory. */
const MAX_HANDLED_BYTES: number = 64 * 1024 * 1024;

/** A variable in scope. */
interface Variable {
  readonly name: string;
  value: TemplateValue;
}

/** The state of one rendering. */
export interface Execution {
  readonly source: string;
  readonly functions: ReadonlyMap<string, TemplateFunction>;
  readonly variables: Variable[];
  readonly output: string[];
  outputBytes: number;
  steps: number;
  handledBytes: number;
}

/** A rendering of `source` before its first step; `$` is `data`. */
export function createExecution(
  source: string,
  functions: ReadonlyMap<string, TemplateFunction>,
  data: TemplateValue,
): Execution {
  return {
    source,
    functions,
    variables: [{ name: "$", value: data }],
    output: [],
    outputBytes: 0,
    steps: 0,
    handledBytes: 0,
  };
}

/** Adds to the output. Throws `TEMPLATE_LIMIT`. */
export function write(run: Execution, text: string): void {
  run.outputBytes += text.length;
  limitBytes(run.outputBytes, MAX_OUTPUT_BYTES);
  run.output.push(text);
}

/** Counts what a function takes or gives. Throws `TEMPLATE_LIMIT`. */
export function countHandled(run: Execution, values: readonly TemplateValue[]): void {
  for (const value of values) run.handledBytes += sizeOf(value);
  limitBytes(run.handledBytes, MAX_HANDLED_BYTES);
}

function sizeOf(value: TemplateValue): number {
  if (typeof value === "string") return value.length;
  return isTemplateBytes(value) ? value.bytes.length : 0;
}

function limitBytes(bytes: number, limit: number): void {
  if (bytes <= limit) return;
  throw new ManifestError("TEMPLATE_LIMIT", `template handles more than ${limit} bytes`);
}

/** Counts one node or iteration. Throws `TEMPLATE_LIMIT`. */
export function countStep(run: Execution): void {
  run.steps += 1;
  if (run.steps <= MAX_STEPS) return;
  throw new ManifestError("TEMPLATE_LIMIT", `template takes more than ${MAX_STEPS} steps`);
}

/** Gives an error from inside a function the place it was called at. */
export function located<T>(
  run: Execution,
  node: CommandNode | OperandNode,
  body: () => T,
  prefix = "",
): T {
  try {
    return body();
  } catch (cause) {
    if (!(cause instanceof ManifestError) || cause.code !== "TEMPLATE_EXECUTION") throw cause;
    return failAt(run, node, `${prefix}${cause.message}`, cause);
  }
}

/** Fails at a node, in the words of Go. */
export function failAt(
  run: Execution,
  node: CommandNode | OperandNode,
  message: string,
  cause?: unknown,
): never {
  const where = `${TEMPLATE_NAME}:${locationOf(run.source, node.position)}`;
  const context = textOfBinary(showNode(node));
  throw new ManifestError(
    "TEMPLATE_EXECUTION",
    `template: ${where}: executing "${TEMPLATE_NAME}" at <${context}>: ${textOfBinary(message)}`,
    { cause },
  );
}
