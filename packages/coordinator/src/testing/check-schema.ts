import type { JsonSchema } from "../openapi/schema.ts";

/** Schemas by name, for `$ref`. */
export type Schemas = Readonly<Record<string, JsonSchema>>;

/** Keywords that say something about values, or nothing; any other would go unchecked. */
const KNOWN: ReadonlySet<string> = new Set([
  "$ref",
  "type",
  "description",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "anyOf",
  "const",
  "enum",
  "pattern",
  "minimum",
  "maximum",
  "contentEncoding",
]);

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Where `value` does not fit `schema`, as sentences; none if it does. Stricter than JSON Schema: an
 * object has no fields beside those that are described. Throws TypeError for keywords it does not know.
 */
export function mismatches(
  value: unknown,
  schema: JsonSchema,
  schemas: Schemas,
  at: string = "$",
): readonly string[] {
  const unknown = Object.keys(schema).find((keyword) => !KNOWN.has(keyword));
  if (unknown !== undefined) throw new TypeError(`keyword ${unknown} is not checked`);
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace("#/components/schemas/", "");
    const target = schemas[name];
    return target === undefined ? [`${at}: no ${name}`] : mismatches(value, target, schemas, at);
  }
  if (schema.anyOf !== undefined) {
    const outcomes = schema.anyOf.map((each) => mismatches(value, each, schemas, at));
    return outcomes.some(({ length }) => length === 0) ? [] : outcomes.flat();
  }
  return [...ofScalar(value, schema, at), ...ofParts(value, schema, schemas, at)];
}

function ofScalar(value: unknown, schema: JsonSchema, at: string): readonly string[] {
  const { type, pattern, minimum, maximum, contentEncoding } = schema;
  const types = typeof type === "string" ? [type] : type;
  const isText = typeof value === "string";
  const isNumber = typeof value === "number";
  const failed = [
    types !== undefined && !types.some((name) => isOfType(value, name)) && `no ${String(type)}`,
    schema.const !== undefined && value !== schema.const && `not ${schema.const}`,
    schema.enum !== undefined && !schema.enum.some((each) => each === value) && "not listed",
    isText && pattern !== undefined && !new RegExp(pattern).test(value) && `not like ${pattern}`,
    isText && contentEncoding !== undefined && !BASE64.test(value) && "no base64",
    isNumber && minimum !== undefined && value < minimum && `below ${minimum}`,
    isNumber && maximum !== undefined && value > maximum && `above ${maximum}`,
  ];
  return failed.filter((text) => text !== false).map((text) => `${at}: ${text}`);
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return isObject(value);
  return typeof value === type;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function ofParts(
  value: unknown,
  { properties, required = [], additionalProperties, items }: JsonSchema,
  schemas: Schemas,
  at: string,
): readonly string[] {
  if (Array.isArray(value) && items !== undefined) {
    return value.flatMap((each, i) => mismatches(each, items, schemas, `${at}[${i}]`));
  }
  if (!isObject(value) || (properties === undefined && additionalProperties === undefined)) {
    return [];
  }
  const missing = required.filter((name) => !(name in value)).map((name) => `${at}: no ${name}`);
  const parts = Object.entries(value).flatMap(([name, part]) => {
    const schema = properties?.[name] ?? additionalProperties;
    const where = `${at}.${name}`;
    return schema === undefined
      ? [`${where}: not described`]
      : mismatches(part, schema, schemas, where);
  });
  return [...missing, ...parts];
}
