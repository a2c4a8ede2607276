/** A JSON Schema (draft 2020-12), as far as this API needs one. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly const?: string | null;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly contentEncoding?: "base64";
}

/** A text. */
export function text(description: string): JsonSchema {
  return { type: "string", description };
}

/** Bytes in base64. */
export function bytes(description: string): JsonSchema {
  return { type: "string", contentEncoding: "base64", description };
}

/** Bytes in base64, or null. */
export function bytesOrNull(description: string): JsonSchema {
  return { type: ["string", "null"], contentEncoding: "base64", description };
}

/** A whole number from 0. */
export function count(description: string): JsonSchema {
  return { type: "integer", minimum: 0, description };
}

/** Yes or no. */
export function flag(description: string): JsonSchema {
  return { type: "boolean", description };
}

/** One of some texts. */
export function oneOf(description: string, ...values: readonly string[]): JsonSchema {
  return { type: "string", enum: values, description };
}

/** A list. */
export function listOf(items: JsonSchema, description: string): JsonSchema {
  return { type: "array", items, description };
}

/** A list, or null where it would be empty. */
export function listOrNull(items: JsonSchema, description: string): JsonSchema {
  return { type: ["array", "null"], items, description };
}

/** An object whose keys are names. */
export function mapOf(values: JsonSchema, description: string): JsonSchema {
  return { type: "object", additionalProperties: values, description };
}

/** An object with all of `properties`, and perhaps some of `optional`. */
export function record(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  const required = Object.keys(properties);
  return { type: "object", properties: { ...properties, ...optional }, required };
}

/** The schema `name` of the document's components. */
export function reference(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}
