import {
  countHandled,
  countStep,
  createExecution,
  type Execution,
  failAt,
  located,
  write,
} from "./execution.ts";
import { printValue } from "./format.ts";
import {
  type BranchNode,
  type CommandNode,
  type IdentifierNode,
  type OperandNode,
  type PipeNode,
  showNode,
  type TemplateNode,
} from "./node.ts";
import {
  isTemplateBytes,
  isTemplateMap,
  isTemplateStruct,
  isTrue,
  sortedKeys,
  type TemplateFunction,
  type TemplateValue,
  typeNameOf,
} from "./value.ts";

/** No value comes down the pipe; `nil` may. */
const NONE = Symbol("none");
type Piped = TemplateValue | typeof NONE;
type Jump = "break" | "continue" | undefined;

/**
 * Runs a parsed template over `data` and returns binary text. Throws `TEMPLATE_EXECUTION` with Go's
 * texts, `TEMPLATE_LIMIT`.
 */
export function executeTemplate(
  source: string,
  nodes: readonly TemplateNode[],
  functions: ReadonlyMap<string, TemplateFunction>,
  data: TemplateValue,
): string {
  const execution = createExecution(source, functions, data);
  runList(execution, nodes, data);
  return execution.output.join("");
}

function runList(run: Execution, nodes: readonly TemplateNode[], dot: TemplateValue): Jump {
  for (const node of nodes) {
    const jump = runNode(run, node, dot);
    if (jump !== undefined) return jump;
  }
  return undefined;
}

function runNode(run: Execution, node: TemplateNode, dot: TemplateValue): Jump {
  countStep(run);
  switch (node.kind) {
    case "text":
      write(run, node.text);
      return undefined;
    case "action": {
      const value = evaluatePipe(run, node.pipe, dot);
      if (node.pipe.variables.length === 0) {
        write(
          run,
          located(run, node.pipe, () => printValue(value)),
        );
      }
      return undefined;
    }
    case "break":
    case "continue":
      return node.kind;
    case "range":
      return scoped(run, () => runRange(run, node, dot));
    case "if":
    case "with":
      return scoped(run, () => runCondition(run, node, dot));
  }
}

function runCondition(run: Execution, node: BranchNode, dot: TemplateValue): Jump {
  const value = evaluatePipe(run, node.pipe, dot);
  if (!isTrue(value)) return runList(run, node.otherwise ?? [], dot);
  return runList(run, node.body, node.kind === "with" ? value : dot);
}

function runRange(run: Execution, node: BranchNode, dot: TemplateValue): Jump {
  const value = evaluatePipe(run, node.pipe, dot);
  const scope = run.variables.length;
  let ran = false;
  for (const [key, element] of elementsOf(run, node, value)) {
    countStep(run);
    ran = true;
    setRangeVariables(run, node.pipe, key, element);
    const jump = runList(run, node.body, element);
    run.variables.length = scope;
    if (jump === "break") break;
  }
  return ran ? undefined : runList(run, node.otherwise ?? [], dot);
}

function* elementsOf(
  run: Execution,
  node: BranchNode,
  value: TemplateValue,
): Generator<readonly [TemplateValue, TemplateValue]> {
  if (value === undefined) return;
  if (typeof value === "bigint") {
    if (node.pipe.variables.length > 1) {
      failAt(run, node.pipe, `can't use ${value} to iterate over more than one variable`);
    }
    for (let i = 0n; i < value; i += 1n) yield [i, i];
  } else if (isTemplateMap(value)) {
    for (const key of sortedKeys(value)) yield [key, value.get(key)];
  } else if (isTemplateBytes(value)) {
    for (const [index, byte] of value.bytes.entries()) yield [BigInt(index), BigInt(byte)];
  } else {
    failAt(run, node.pipe, `range can't iterate over a value of type ${typeNameOf(value)}`);
  }
}

/** `:=` declared the variables before the loop; each round gets its own values. */
function setRangeVariables(
  run: Execution,
  pipe: PipeNode,
  key: TemplateValue,
  element: TemplateValue,
): void {
  const [first, second] = pipe.variables;
  if (first === undefined) return;
  const values: readonly [string, TemplateValue][] =
    second === undefined
      ? [[first, element]]
      : [
          [first, key],
          [second, element],
        ];
  for (const [name, value] of values) {
    if (pipe.assigns) assign(run, pipe, name, value);
    else run.variables.push({ name, value });
  }
}

function scoped(run: Execution, body: () => Jump): Jump {
  const scope = run.variables.length;
  const jump = body();
  run.variables.length = scope;
  return jump;
}

function evaluatePipe(run: Execution, pipe: PipeNode, dot: TemplateValue): TemplateValue {
  let value: Piped = NONE;
  for (const command of pipe.commands) value = evaluateCommand(run, command, dot, value);
  const result = value === NONE ? undefined : value;
  for (const name of pipe.variables) {
    if (pipe.assigns) assign(run, pipe, name, result);
    else run.variables.push({ name, value: result });
  }
  return result;
}

function assign(run: Execution, at: PipeNode, name: string, value: TemplateValue): void {
  const variable = run.variables.findLast((each) => each.name === name);
  if (variable === undefined) failAt(run, at, `undefined variable: ${name}`);
  variable.value = value;
}

function evaluateCommand(
  run: Execution,
  command: CommandNode,
  dot: TemplateValue,
  piped: Piped,
): TemplateValue {
  countStep(run);
  const [first, ...rest] = command.operands;
  if (first === undefined) return undefined;
  if (first.kind === "identifier") return callFunction(run, command, first, rest, dot, piped);
  const hasArguments = rest.length > 0 || piped !== NONE;
  if (first.kind === "nil") failAt(run, first, "nil is not a command");
  if (
    hasArguments &&
    !(first.kind === "field" || first.kind === "chain" || first.kind === "variable")
  ) {
    failAt(run, first, `can't give argument to non-function ${showNode(first)}`);
  }
  return evaluateOperand(run, first, dot, hasArguments);
}

function evaluateOperand(
  run: Execution,
  node: OperandNode,
  dot: TemplateValue,
  hasArguments: boolean,
): TemplateValue {
  countStep(run);
  switch (node.kind) {
    case "dot":
      return dot;
    case "nil":
      return undefined;
    case "literal":
      return node.value;
    case "pipe":
      return evaluatePipe(run, node, dot);
    case "identifier":
      return callFunction(run, node, node, [], dot, NONE);
    case "field":
      return evaluatePath(run, node, dot, node.path, hasArguments);
    case "chain": {
      if (node.of.kind === "nil") failAt(run, node, "indirection through explicit nil");
      const receiver = evaluateOperand(run, node.of, dot, false);
      return evaluatePath(run, node, receiver, node.path, hasArguments);
    }
    case "variable": {
      const variable = run.variables.findLast((each) => each.name === node.name);
      if (variable === undefined) failAt(run, node, `undefined variable: ${node.name}`);
      if (node.path.length === 0 && hasArguments) {
        failAt(run, node, `can't give argument to non-function ${showNode(node)}`);
      }
      return evaluatePath(run, node, variable.value, node.path, hasArguments);
    }
  }
}

/** A missing map entry, and whatever is asked of it, is no value and no error. */
function evaluatePath(
  run: Execution,
  node: OperandNode,
  receiver: TemplateValue,
  path: readonly string[],
  hasArguments: boolean,
): TemplateValue {
  let value = receiver;
  for (const [index, name] of path.entries()) {
    const isCalled = hasArguments && index === path.length - 1;
    if (value === undefined) return undefined;
    if (isTemplateMap(value)) {
      if (isCalled) failAt(run, node, `${name} is not a method but has arguments`);
      value = value.get(name);
    } else if (isTemplateStruct(value) && value.fields.has(name)) {
      if (isCalled) failAt(run, node, `${name} has arguments but cannot be invoked as function`);
      value = value.fields.get(name);
    } else {
      failAt(run, node, `can't evaluate field ${name} in type ${typeNameOf(value)}`);
    }
  }
  return value;
}

function callFunction(
  run: Execution,
  node: CommandNode | OperandNode,
  identifier: IdentifierNode,
  operands: readonly OperandNode[],
  dot: TemplateValue,
  piped: Piped,
): TemplateValue {
  const { name } = identifier;
  const fn = run.functions.get(name);
  if (fn === undefined) return failAt(run, identifier, `"${name}" is not a defined function`);
  const count = operands.length + (piped === NONE ? 0 : 1);
  checkCount(run, identifier, fn, count);
  if (name === "and" || name === "or") return shortCircuit(run, name, operands, dot, piped);
  const args = operands.map((operand) => evaluateOperand(run, operand, dot, false));
  if (piped !== NONE) args.push(piped);
  countHandled(run, args);
  const result = located(run, node, () => fn.call(args), `error calling ${name}: `);
  countHandled(run, [result]);
  return result;
}

function checkCount(
  run: Execution,
  node: IdentifierNode,
  { minArguments, maxArguments }: TemplateFunction,
  had: number,
): void {
  if (had >= minArguments && had <= (maxArguments ?? Number.POSITIVE_INFINITY)) return;
  const want = maxArguments === minArguments ? `${minArguments}` : `at least ${minArguments}`;
  failAt(run, node, `wrong number of args for ${node.name}: want ${want} got ${had}`);
}

/** `and` and `or` evaluate no further than they need to. */
function shortCircuit(
  run: Execution,
  name: "and" | "or",
  operands: readonly OperandNode[],
  dot: TemplateValue,
  piped: Piped,
): TemplateValue {
  let value: TemplateValue;
  for (const operand of operands) {
    value = evaluateOperand(run, operand, dot, false);
    if (isTrue(value) === (name === "or")) return value;
  }
  return piped === NONE ? value : piped;
}
