/** What a template computes with; texts are binary, `undefined` is Go's `nil` and a missing entry. */
export type TemplateValue =
  | undefined
  | boolean
  | bigint
  | number
  | string
  | TemplateBytes
  | TemplateStruct
  | ReadonlyMap<string, TemplateValue>;

/** Go `[]byte` or a type made of it. */
export interface TemplateBytes {
  readonly kind: "bytes";
  readonly typeName: string;
  readonly bytes: Uint8Array;
}

/** A Go struct: its fields are fixed, unlike the entries of a map. */
export interface TemplateStruct {
  readonly kind: "struct";
  readonly typeName: string;
  readonly fields: ReadonlyMap<string, TemplateValue>;
}

/** A function templates may call; a thrown `TEMPLATE_EXECUTION` becomes Go's `error calling NAME`. */
export interface TemplateFunction {
  readonly minArguments: number;
  /** `undefined` = any number. */
  readonly maxArguments: number | undefined;
  readonly call: (args: readonly TemplateValue[]) => TemplateValue;
}

/** Whether a value is a map, not a struct or bytes. */
export function isTemplateMap(value: TemplateValue): value is ReadonlyMap<string, TemplateValue> {
  return value instanceof Map;
}

/** Whether a value is bytes. */
export function isTemplateBytes(value: TemplateValue): value is TemplateBytes {
  return typeof value === "object" && !isTemplateMap(value) && value.kind === "bytes";
}

/** Whether a value is a struct. */
export function isTemplateStruct(value: TemplateValue): value is TemplateStruct {
  return typeof value === "object" && !isTemplateMap(value) && value.kind === "struct";
}

/** Whether a value counts as true: not empty, not zero; structs always do. */
export function isTrue(value: TemplateValue): boolean {
  if (value === undefined) return false;
  if (typeof value !== "object") return Boolean(value);
  if (isTemplateMap(value)) return value.size > 0;
  return value.kind === "struct" || value.bytes.length > 0;
}

/** The name Go's `%T` shows. */
export function typeNameOf(value: TemplateValue): string {
  if (value === undefined) return "<nil>";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "float64";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  return isTemplateMap(value) ? "map[string]interface {}" : value.typeName;
}

/** The keys of a map in Go's order: by their bytes. */
export function sortedKeys(map: ReadonlyMap<string, unknown>): string[] {
  return [...map.keys()].sort();
}
