import { ManifestError } from "../error.ts";
import { binaryOfText, textOfBinary } from "./binary-text.ts";
import { formatPrint, formatPrintln } from "./format.ts";
import { formatPrintf } from "./printf.ts";
import {
  isTemplateBytes,
  isTemplateMap,
  isTrue,
  type TemplateFunction,
  type TemplateValue,
  typeNameOf,
} from "./value.ts";

const HTML_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', "&#34;"],
  ["'", "&#39;"],
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ["\0", "\ufffd"],
]);
const JS_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\\", "\\\\"],
  ["'", "\\'"],
  ['"', '\\"'],
]);

/** Go's built-in functions; `call` is left out, as no data holds functions. */
export const BUILTINS: ReadonlyMap<string, TemplateFunction> = new Map([
  ["and", fixed(1, undefined, (args) => args.at(-1))],
  ["or", fixed(1, undefined, (args) => args.at(-1))],
  ["not", fixed(1, 1, ([value]) => !isTrue(value))],
  ["len", fixed(1, 1, ([value]) => BigInt(lengthOf(value)))],
  ["index", fixed(1, undefined, ([value, ...keys]) => keys.reduce(elementOf, value))],
  ["slice", fixed(1, undefined, ([value, ...bounds]) => sliceOf(value, bounds))],
  ["print", fixed(0, undefined, formatPrint)],
  ["println", fixed(0, undefined, formatPrintln)],
  ["printf", fixed(1, undefined, printf)],
  ["html", fixed(0, undefined, (args) => escapeHtml(joined(args)))],
  ["js", fixed(0, undefined, (args) => escapeJs(joined(args)))],
  ["urlquery", fixed(0, undefined, (args) => escapeQuery(joined(args)))],
  ["eq", fixed(1, undefined, equalsAny)],
  ["ne", fixed(2, 2, ([a, b]) => !isEqual(a, b))],
  ["lt", fixed(2, 2, ([a, b]) => compare(a, b) < 0)],
  ["le", fixed(2, 2, ([a, b]) => compare(a, b) <= 0)],
  ["gt", fixed(2, 2, ([a, b]) => compare(a, b) > 0)],
  ["ge", fixed(2, 2, ([a, b]) => compare(a, b) >= 0)],
]);

function fixed(
  minArguments: number,
  maxArguments: number | undefined,
  call: TemplateFunction["call"],
): TemplateFunction {
  return { minArguments, maxArguments, call };
}

function refuse(message: string): never {
  throw new ManifestError("TEMPLATE_EXECUTION", message);
}

function printf([format, ...values]: readonly TemplateValue[]): string {
  if (typeof format !== "string") {
    return refuse(`wrong type for value; expected string; got ${typeNameOf(format)}`);
  }
  return formatPrintf(format, values);
}

function lengthOf(value: TemplateValue): number {
  if (typeof value === "string") return value.length;
  if (isTemplateMap(value)) return value.size;
  if (isTemplateBytes(value)) return value.bytes.length;
  return refuse(value === undefined ? "len of nil pointer" : `len of type ${typeNameOf(value)}`);
}

/** A missing map entry is `nil`; Go gives the zero value, for which functions fail the same way. */
function elementOf(value: TemplateValue, key: TemplateValue): TemplateValue {
  if (value === undefined) return refuse("index of untyped nil");
  if (isTemplateMap(value)) {
    if (typeof key === "string") return value.get(key);
    return refuse(`value has type ${typeNameOf(key)}; should be string`);
  }
  if (typeof value === "string") return BigInt(value.charCodeAt(indexIn(value.length, key)));
  if (isTemplateBytes(value)) return BigInt(value.bytes[indexIn(value.bytes.length, key)] ?? 0);
  return refuse(`can't index item of type ${typeNameOf(value)}`);
}

function indexIn(length: number, key: TemplateValue): number {
  if (typeof key !== "bigint")
    return refuse(`cannot index slice/array with type ${typeNameOf(key)}`);
  if (key < 0n || key >= BigInt(length)) return refuse(`index out of range: ${key}`);
  return Number(key);
}

function sliceOf(value: TemplateValue, bounds: readonly TemplateValue[]): TemplateValue {
  if (bounds.length > 3) return refuse(`too many slice indexes: ${bounds.length}`);
  if (typeof value !== "string" && !isTemplateBytes(value)) {
    return refuse(`can't slice item of type ${typeNameOf(value)}`);
  }
  if (typeof value === "string" && bounds.length === 3)
    return refuse("cannot 3-index slice a string");
  const length = lengthOf(value);
  const [from = 0, to = length] = bounds.map((bound) => indexIn(length + 1, bound));
  if (from > to) return refuse(`invalid slice index: ${from} > ${to}`);
  if (typeof value === "string") return value.slice(from, to);
  return { ...value, bytes: value.bytes.subarray(from, to) };
}

function equalsAny([first, ...others]: readonly TemplateValue[]): boolean {
  if (others.length === 0) return refuse("missing argument for comparison");
  return others.some((other) => isEqual(first, other));
}

/** Nothing equals nothing; otherwise only basic values of one kind compare. */
function isEqual(a: TemplateValue, b: TemplateValue): boolean {
  if (a !== undefined && b !== undefined && typeof a !== typeof b) refuseKinds(a, b);
  for (const value of [a, b]) {
    if (typeof value === "object") refuse(`uncomparable type ${typeNameOf(value)}`);
  }
  return a === b;
}

function refuseKinds(a: TemplateValue, b: TemplateValue): never {
  const kinds = `${typeNameOf(a)} and ${typeNameOf(b)}`;
  return refuse(`incompatible types for comparison: ${kinds}`);
}

function compare(a: TemplateValue, b: TemplateValue): number {
  if (typeof a === "boolean" || typeof a === "object" || a === undefined) {
    return refuse("invalid type for comparison");
  }
  if (typeof b === "boolean" || typeof b === "object" || b === undefined) {
    return refuse("invalid type for comparison");
  }
  if (typeof a !== typeof b) return refuseKinds(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}

function joined(values: readonly TemplateValue[]): string {
  return formatPrint(values.map((value) => value ?? "<no value>"));
}

function escapeHtml(text: string): string {
  return text.replace(/["'&<>\0]/g, (character) =>
    binaryOfText(HTML_ESCAPES.get(character) ?? character),
  );
}

function escapeJs(text: string): string {
  const escaped = textOfBinary(text).replace(/[\\'"<>&=\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return JS_ESCAPES.get(character) ?? `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
  });
  return binaryOfText(escaped);
}

function escapeQuery(text: string): string {
  return text.replace(/[^A-Za-z0-9_.~-]/g, (character) => {
    if (character === " ") return "+";
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  });
}
