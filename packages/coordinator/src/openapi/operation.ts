import type { SECURITY_SCHEMES, TAGS } from "./components.ts";
import type { JsonSchema } from "./schema.ts";

/** A query parameter. */
export interface QueryParameter {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}

/** What a route means; where it is and how much it reads comes from the route itself. */
export interface Operation {
  /** Unique, for code generators. */
  readonly id: string;
  readonly summary: string;
  readonly tag: keyof typeof TAGS;
  readonly security?: keyof typeof SECURITY_SCHEMES;
  readonly query?: readonly QueryParameter[];
  /** The body of a POST; `raw` bodies are a manifest as it is. */
  readonly body?: JsonSchema | "raw";
  /** The `data` of a success; absent where none is possible. */
  readonly data?: JsonSchema;
  /** HTTP statuses of refusals, beside those that any route may give. */
  readonly refusals: readonly number[];
}
