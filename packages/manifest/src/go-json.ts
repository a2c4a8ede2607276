import { textOfUtf8 } from "./byte-text.ts";
import { ManifestError } from "./error.ts";
import { type JsonMember, type JsonNode, parseJsonNode } from "./json-node.ts";

/** Bytes of one JSON document; a manifest holds rendered files, and upstream knows no bound at all. */
export const MAX_JSON_BYTES: number = 16 * 1024 * 1024;

/**
 * Reads one JSON value as Go's `encoding/json` reads it into a variable of a fixed type (spec
 * marblerun section 0.3). `earlier` is what the variable holds: Go's zero value, or the value of an
 * earlier duplicate, which objects merge into. `at` is the path for messages.
 */
export interface GoDecoder<T> {
  readonly zero: T;
  read(node: JsonNode, at: string, earlier: T): T;
}

/** What a decoder yields. */
export type GoValue<D> = D extends GoDecoder<infer T> ? T : never;

/** Decoders of an object's fields by name. The name needs the letters of the JSON key, in any case. */
export type GoFields = Readonly<Record<string, GoDecoder<unknown>>>;

/** The object {@link goObject} yields. */
export type GoStruct<F extends GoFields> = { readonly [K in keyof F]: GoValue<F[K]> };

/** `whole`: only white space may follow the value; `stream`: what follows is not looked at. */
export type JsonReading = "whole" | "stream";

/**
 * Reads `bytes` with `decoder`. Throws `JSON_SIZE`, `JSON_EMPTY`, `JSON_SYNTAX`, `JSON_DEPTH`,
 * `JSON_TRAILING` (only when reading the whole), `JSON_TYPE`, `JSON_NUMBER`, and what custom
 * decoders throw. Messages name the path, never the value.
 */
export function readGoJson<T>(bytes: Uint8Array, decoder: GoDecoder<T>, reading: JsonReading): T {
  if (bytes.length > MAX_JSON_BYTES) {
    throw new ManifestError("JSON_SIZE", `JSON of ${bytes.length} bytes, limit ${MAX_JSON_BYTES}`);
  }
  const text = textOfUtf8(bytes);
  const { node, end } = parseJsonNode(text);
  if (reading === "whole" && end < text.length) {
    throw new ManifestError("JSON_TRAILING", `JSON ends at character ${end} but more text follows`);
  }
  return decoder.read(node, "", decoder.zero);
}

/** Reports a value of the wrong JSON type; `wanted` has its article, as in `a string`. */
export function refuseType(node: JsonNode, at: string, wanted: string): never {
  throw new ManifestError("JSON_TYPE", `${at || "document"}: expected ${wanted}, had ${node.kind}`);
}

/** Go `string`; `null` leaves what was there. */
export const goString: GoDecoder<string> = {
  zero: "",
  read: (node, at, earlier) => {
    if (node.kind === "null") return earlier;
    return node.kind === "string" ? node.value : refuseType(node, at, "a string");
  },
};

/** Go `bool`; `null` leaves what was there. */
export const goBool: GoDecoder<boolean> = {
  zero: false,
  read: (node, at, earlier) => {
    if (node.kind === "null") return earlier;
    return node.kind === "bool" ? node.value : refuseType(node, at, "true or false");
  },
};

/** Go slice: in order, `null` = empty. A repeated key replaces the earlier array. */
export function goArray<T>(item: GoDecoder<T>): GoDecoder<readonly T[]> {
  const read = (node: JsonNode, at: string): readonly T[] => {
    if (node.kind === "null") return [];
    if (node.kind !== "array") return refuseType(node, at, "an array");
    return node.items.map((each, index) => item.read(each, `${at}[${index}]`, item.zero));
  };
  return { zero: [], read };
}

/**
 * Go map with string keys, which match exactly; `null` = empty. A repeated map field adds to the
 * earlier one, a repeated entry replaces the earlier entry.
 */
export function goMap<T>(entry: GoDecoder<T>): GoDecoder<ReadonlyMap<string, T>> {
  const zero: ReadonlyMap<string, T> = new Map();
  const read = (node: JsonNode, at: string, earlier: ReadonlyMap<string, T>) => {
    if (node.kind === "null") return zero;
    if (node.kind !== "object") return refuseType(node, at, "an object");
    const entries = new Map(earlier);
    for (const { key, value } of node.members) {
      entries.set(key, entry.read(value, join(at, key), entry.zero));
    }
    return entries;
  };
  return { zero, read };
}

/** Go pointer: absent and `null` are `undefined`. */
export function goNullable<T>(target: GoDecoder<T>): GoDecoder<T | undefined> {
  return {
    zero: undefined,
    read: (node, at, earlier) =>
      node.kind === "null" ? undefined : target.read(node, at, earlier ?? target.zero),
  };
}

/**
 * Go struct: keys match exactly or else in any case, unknown keys are ignored, absent fields are the
 * zero value, `null` leaves what was there, a repeated key is read into the earlier value.
 */
export function goObject<F extends GoFields>(fields: F): GoDecoder<GoStruct<F>> {
  const names = Object.keys(fields);
  const exact = new Set(names);
  const folded = new Map(names.toReversed().map((name) => [foldKey(name), name]));
  const zero = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, field.zero]),
  ) as GoStruct<F>; // every field is there by construction
  const nameOf = ({ key }: JsonMember) => (exact.has(key) ? key : folded.get(foldKey(key)));
  return {
    zero,
    read: (node, at, earlier) => {
      if (node.kind === "null") return earlier;
      if (node.kind !== "object") return refuseType(node, at, "an object");
      const values: Record<string, unknown> = { ...earlier };
      for (const member of node.members) {
        const name = nameOf(member);
        const field = name === undefined ? undefined : fields[name];
        if (name === undefined || field === undefined) continue;
        values[name] = field.read(member.value, join(at, member.key), values[name]);
      }
      return values as GoStruct<F>; // `earlier` had every field, and each was read by its decoder
    },
  };
}

/** The value as written, for fields of any type. */
export const goRaw: GoDecoder<JsonNode> = { zero: { kind: "null" }, read: (node) => node };

/** Longest path in a message: keys are the sender's. */
const MAX_PATH = 200;

function join(at: string, key: string): string {
  const path = at === "" ? key : `${at}.${key}`;
  return path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}…` : path;
}

/** Unicode simple folding as far as names of ASCII letters can meet it: long s and the Kelvin sign. */
function foldKey(key: string): string {
  return key.replaceAll("\u017f", "s").replaceAll("\u212a", "k").toLowerCase();
}
