import { ManifestError } from "../error.ts";
import { formatFloat } from "./format-float.ts";
import { isTemplateMap, sortedKeys, type TemplateValue, typeNameOf } from "./value.ts";

/** A value as an action without function prints it: `<no value>` where there is none. */
export function printValue(value: TemplateValue): string {
  return value === undefined ? "<no value>" : formatPlain(value);
}

/**
 * Go's `%v`. Throws `TEMPLATE_EXECUTION` for structs: their Go form would show a secret's bytes in
 * decimal, which nobody who writes `{{ .Secrets.key }}` means.
 */
export function formatPlain(value: TemplateValue): string {
  if (value === undefined) return "<nil>";
  if (typeof value === "string") return value;
  if (typeof value === "number") return formatFloat(value, SHORTEST);
  if (typeof value !== "object") return String(value);
  if (isTemplateMap(value)) {
    const entries = sortedKeys(value).map((key) => `${key}:${formatPlain(value.get(key))}`);
    return `map[${entries.join(" ")}]`;
  }
  if (value.kind === "bytes") return `[${Array.from(value.bytes).join(" ")}]`;
  const message = `can't print a value of type ${typeNameOf(value)}; a function such as hex or base64 can`;
  throw new ManifestError("TEMPLATE_EXECUTION", message);
}

const SHORTEST = { verb: "g", precision: undefined } as const;

/** Go's `fmt.Sprint`: a space between operands when neither is text. */
export function formatPrint(values: readonly TemplateValue[]): string {
  return values
    .map((value, index) => {
      const isText = typeof value === "string" || typeof values[index - 1] === "string";
      return (index > 0 && !isText ? " " : "") + formatPlain(value);
    })
    .join("");
}

/** Go's `fmt.Sprintln`: spaces between all operands and a final newline. */
export function formatPrintln(values: readonly TemplateValue[]): string {
  return `${values.map(formatPlain).join(" ")}\n`;
}
