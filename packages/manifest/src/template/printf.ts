import { toHex } from "@carrara/encoding";
import { ManifestError } from "../error.ts";
import { binaryOfBytes, binaryOfRune, bytesOfBinary, runeCount, runeOf } from "./binary-text.ts";
import { formatPlain } from "./format.ts";
import { formatFloat } from "./format-float.ts";
import { describeRune, quoteCharacter, quoteString } from "./quote.ts";
import { isTemplateBytes, type TemplateValue, typeNameOf } from "./value.ts";

/** One verb with what stands before it. */
interface Directive {
  readonly verb: string;
  readonly minus: boolean;
  readonly plus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number;
  readonly precision: number | undefined;
}

/** Characters one directive may pad to; Go allows a million, nobody needs that many. */
const MAX_WIDTH = 10_000;
/** Bytes one call may give: as much as a whole template may. */
const MAX_RESULT_BYTES: number = 16 * 1024 * 1024;
const DIRECTIVE = /([-+# 0]*)([0-9]*)(?:(\.)([0-9]*))?/y;
const BASES: ReadonlyMap<string, readonly [number, string]> = new Map([
  ["v", [10, ""]],
  ["d", [10, ""]],
  ["b", [2, "0b"]],
  ["o", [8, "0"]],
  ["O", [8, "0o"]],
  ["x", [16, "0x"]],
  ["X", [16, "0X"]],
]);

/**
 * Go's `fmt.Sprintf` on binary text, without `*` and argument indices (`TEMPLATE_UNSUPPORTED`).
 * Wrong verbs and counts show in the result, as in Go; structs throw `TEMPLATE_EXECUTION`.
 */
export function formatPrintf(format: string, values: readonly TemplateValue[]): string {
  let output = "";
  let used = 0;
  for (let at = 0; at < format.length; ) {
    const percent = format.indexOf("%", at);
    output += format.slice(at, percent === -1 ? undefined : percent);
    if (percent === -1) break;
    const { directive, end } = readDirective(format, percent + 1);
    at = end;
    if (output.length > MAX_RESULT_BYTES) {
      throw new ManifestError("TEMPLATE_LIMIT", `printf gives more than ${MAX_RESULT_BYTES} bytes`);
    }
    if (directive.verb === "%") output += "%";
    else if (directive.verb === "") output += "%!(NOVERB)";
    else if (used < values.length) output += formatDirective(directive, values[used++]);
    else output += `%!${directive.verb}(MISSING)`;
  }
  return output + extraArguments(values.slice(used));
}

function extraArguments(values: readonly TemplateValue[]): string {
  if (values.length === 0) return "";
  return `%!(EXTRA ${values.map(describe).join(", ")})`;
}

function describe(value: TemplateValue): string {
  return value === undefined ? "<nil>" : `${typeNameOf(value)}=${formatPlain(value)}`;
}

function readDirective(format: string, at: number) {
  DIRECTIVE.lastIndex = at;
  const [all = "", flags = "", width = "", dot, precision = ""] = DIRECTIVE.exec(format) ?? [];
  const verbAt = at + all.length;
  const { size } = runeOf(format, verbAt);
  const verb = verbAt < format.length ? format.slice(verbAt, verbAt + size) : "";
  if (verb === "*" || verb === "[") {
    throw new ManifestError("TEMPLATE_UNSUPPORTED", `printf with %${verb} is not supported`);
  }
  const has = (flag: string) => flags.includes(flag);
  if (verb === "v" && has("#")) {
    throw new ManifestError("TEMPLATE_UNSUPPORTED", "printf with %#v is not supported");
  }
  const directive: Directive = {
    verb,
    minus: has("-"),
    // With `%v` a plus asks for field names, not for signs.
    plus: has("+") && verb !== "v",
    sharp: has("#"),
    space: has(" "),
    zero: has("0") && !has("-"),
    width: boundedWidth(width),
    precision: dot === undefined ? undefined : boundedWidth(precision),
  };
  return { directive, end: verbAt + (verb === "" ? 0 : size) };
}

function boundedWidth(digits: string): number {
  const width = Number(digits);
  if (width <= MAX_WIDTH) return width;
  throw new ManifestError(
    "TEMPLATE_LIMIT",
    `printf pads to ${width} characters, limit ${MAX_WIDTH}`,
  );
}

function formatDirective(directive: Directive, value: TemplateValue): string {
  if (directive.verb === "T") return pad(directive, typeNameOf(value));
  if (value === undefined) {
    return directive.verb === "v" ? pad(directive, "<nil>") : `%!${directive.verb}(<nil>)`;
  }
  const formatted = formatByType(directive, value);
  return formatted ?? `%!${directive.verb}(${describe(value)})`;
}

function formatByType(directive: Directive, value: TemplateValue): string | undefined {
  const { verb } = directive;
  if (typeof value === "boolean") {
    return verb === "v" || verb === "t" ? pad(directive, String(value)) : undefined;
  }
  if (typeof value === "bigint") return formatInteger(directive, value);
  if (typeof value === "number") return formatNumber(directive, value);
  if (typeof value === "string") return formatText(directive, value);
  if (isTemplateBytes(value)) return formatBytes(directive, value.bytes);
  return pad(directive, formatPlain(value));
}

function formatBytes(directive: Directive, bytes: Uint8Array): string | undefined {
  if (directive.verb !== "v" && directive.verb !== "d") {
    return formatText(directive, binaryOfBytes(bytes));
  }
  const items = Array.from(bytes, (byte) => formatInteger(directive, BigInt(byte)) ?? "");
  return `[${items.join(" ")}]`;
}

function formatText(directive: Directive, text: string): string | undefined {
  const { verb, precision } = directive;
  if (verb === "x" || verb === "X") return pad(directive, hexOf(directive, text));
  const cut = precision === undefined ? text : firstRunes(text, precision);
  if (verb === "v" || verb === "s") return pad(directive, cut);
  if (verb !== "q") return undefined;
  const isRaw = directive.sharp && /^[\t\x20-\x7e]*$/.test(cut) && !cut.includes("`");
  return pad(directive, isRaw ? `\`${cut}\`` : quoteString(cut, directive.plus));
}

function hexOf({ verb, precision, sharp, space }: Directive, text: string): string {
  const digits = toHex(bytesOfBinary(text.slice(0, precision)));
  const prefix = sharp && digits !== "" ? "0x" : "";
  const separator = space ? ` ${prefix}` : "";
  const hex = prefix + (digits.match(/../g) ?? []).join(separator);
  return verb === "X" ? hex.toUpperCase() : hex;
}

function firstRunes(text: string, count: number): string {
  let at = 0;
  for (let left = count; left > 0 && at < text.length; left -= 1) at += runeOf(text, at).size;
  return text.slice(0, at);
}

function formatInteger(directive: Directive, value: bigint): string | undefined {
  const { verb } = directive;
  if (verb === "c") return pad(directive, binaryOfRune(codeOf(value)));
  if (verb === "q") return pad(directive, quoteCharacter(codeOf(value), directive.plus));
  if (verb === "U") return pad(directive, describeCode(directive, value));
  const base = BASES.get(verb);
  return base === undefined
    ? undefined
    : padNumber(directive, integerParts(directive, value, base));
}

/** What is no code point becomes U+FFFD. */
function codeOf(value: bigint): number {
  const isRune = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn);
  return isRune ? Number(value) : 0xfffd;
}

function describeCode({ sharp }: Directive, value: bigint): string {
  if (sharp && value >= 0n && value <= 0x10ffffn) return describeRune(Number(value));
  return `U+${BigInt.asUintN(64, value).toString(16).toUpperCase().padStart(4, "0")}`;
}

interface NumberParts {
  readonly sign: string;
  readonly prefix: string;
  readonly digits: string;
}

function integerParts(
  { verb, precision, sharp, plus, space }: Directive,
  value: bigint,
  [base, prefix]: readonly [number, string],
): NumberParts {
  const magnitude = (value < 0n ? -value : value).toString(base);
  const cased = verb === "X" ? magnitude.toUpperCase() : magnitude;
  const digits = precision === 0 && value === 0n ? "" : cased.padStart(precision ?? 0, "0");
  const hasPrefix = verb === "O" || (sharp && !(verb === "o" && digits.startsWith("0")));
  const sign = value < 0n ? "-" : plus ? "+" : space ? " " : "";
  return { sign, prefix: hasPrefix ? prefix : "", digits };
}

function formatNumber(directive: Directive, value: number): string | undefined {
  const { verb, plus, space, precision } = directive;
  const kind = verb === "v" ? "g" : verb.toLowerCase();
  if (kind !== "e" && kind !== "f" && kind !== "g") return undefined;
  const shown = formatFloat(value, { verb: kind, precision });
  const negative = shown.startsWith("-");
  const sign = negative ? "-" : plus ? "+" : space ? " " : "";
  const magnitude = shown.replace(/^[-+]/, "");
  const cased = verb === "E" || verb === "G" ? magnitude.toUpperCase() : magnitude;
  return padNumber({ ...directive, precision: undefined }, { sign, prefix: "", digits: cased });
}

/** Zeros go between the sign and the digits, and only where no precision was given. */
function padNumber(directive: Directive, { sign, prefix, digits }: NumberParts): string {
  if (!directive.zero || directive.precision !== undefined) {
    return pad({ ...directive, zero: false }, sign + prefix + digits);
  }
  return sign + prefix + digits.padStart(directive.width - sign.length, "0");
}

function pad({ minus, zero, width }: Directive, text: string): string {
  const missing = " ".repeat(Math.max(0, width - runeCount(text)));
  if (minus) return text + missing;
  return (zero ? missing.replaceAll(" ", "0") : missing) + text;
}
