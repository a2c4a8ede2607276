import { fromHex } from "@carrara/encoding";
import { type StrictJson, StrictJsonError } from "./dcap/strict-json.ts";

/** Turns one JSON value into `T`, or throws StrictJsonError that names `path`. */
export type Reader<T> = (value: StrictJson, path: string) => T;

type OptionalKey<T> = {
  [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never;
}[keyof T];

/**
 * A reader for every member of `T`, those that must be there apart from those that need not: a
 * member that is added to the type and forgotten here does not compile.
 */
export interface ObjectSchema<T> {
  readonly required: { readonly [K in Exclude<keyof T, OptionalKey<T>>]: Reader<T[K]> };
  readonly optional: {
    readonly [K in OptionalKey<T>]-?: Reader<Exclude<T[K], undefined>>;
  };
}

/** Characters of a misspelt name that messages repeat. */
const MAX_NAME_CHARACTERS = 64;

function refuse(path: string, needed: string): StrictJsonError {
  return new StrictJsonError(`${path === "" ? "the document" : path} is not ${needed}`);
}

/** An object with the members of `schema` and no others. */
export function object<T extends object>(schema: ObjectSchema<T>): Reader<T> {
  // Maps, so that no member of the document finds what every object inherits.
  const required = new Map<string, Reader<unknown>>(Object.entries(schema.required));
  const readers = new Map([...required, ...Object.entries<Reader<unknown>>(schema.optional)]);
  return (value, path) => {
    if (!(value instanceof Map)) throw refuse(path, "an object");
    const inside = (name: string): string => (path === "" ? name : `${path}.${name}`);
    for (const name of required.keys()) {
      if (!value.has(name)) throw new StrictJsonError(`${inside(name)} is missing`);
    }
    const members = [...(value as ReadonlyMap<string, StrictJson>)].map(([name, member]) => {
      const read = readers.get(name);
      if (read !== undefined) return [name, read(member, inside(name))] as const;
      throw new StrictJsonError(
        `${inside(JSON.stringify(name.slice(0, MAX_NAME_CHARACTERS)))} is not known; known are ${[...readers.keys()].join(", ")}`,
      );
    });
    return Object.fromEntries(members) as T;
  };
}

/** The word `any`, or what `read` takes; who gives another single value hears of both. */
export function anyOr<T>(read: Reader<T>): Reader<T | "any"> {
  return (value, path) => {
    if (value === "any") return value;
    if (value instanceof Map || Array.isArray(value)) return read(value, path);
    try {
      return read(value, path);
    } catch (cause) {
      if (!(cause instanceof StrictJsonError)) throw cause;
      throw new StrictJsonError(`${cause.message}, nor the word "any"`, { cause });
    }
  };
}

/** An array of at most `max` of what `read` takes. */
export function listOf<T>(read: Reader<T>, max: number): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > max) throw refuse(path, `a list of at most ${max}`);
    return value.map((item: StrictJson, i) => read(item, `${path}[${i}]`));
  };
}

/** Exactly `length` bytes as hex of either case. */
export function bytes(length: number): Reader<Uint8Array> {
  return (value, path) => {
    const isHex = typeof value === "string" && /^[0-9a-fA-F]*$/.test(value);
    if (!isHex || value.length !== 2 * length) throw refuse(path, `${length} bytes of hex`);
    return fromHex(value);
  };
}

/** A word of 64 bits as 16 digits of hex, the highest first: JSON's numbers end before it does. */
export const word64: Reader<bigint> = (value, path) => {
  if (typeof value !== "string" || !/^[0-9a-fA-F]{16}$/.test(value)) {
    throw refuse(path, "16 digits of hex");
  }
  return BigInt(`0x${value}`);
};

/** An integer from 0 to `max`. */
export function integer(max: number): Reader<number> {
  return (value, path) => {
    if (typeof value === "number" && value >= 0 && value <= max) return value;
    throw refuse(path, `an integer from 0 to ${max}`);
  };
}

export const flag: Reader<boolean> = (value, path) => {
  if (typeof value === "boolean") return value;
  throw refuse(path, "true or false");
};

/** Text of 1 to `max` characters. */
export function text(max: number): Reader<string> {
  return (value, path) => {
    if (typeof value === "string" && value !== "" && value.length <= max) return value;
    throw refuse(path, `text of 1 to ${max} characters`);
  };
}

/** One of the members of `words`, all of which the type knows. */
export function oneOf<T extends string>(words: Readonly<Record<T, true>>): Reader<T> {
  const known = Object.keys(words) as T[];
  return (value, path) => {
    const word = known.find((candidate) => candidate === value);
    if (word !== undefined) return word;
    throw refuse(path, `one of ${known.join(", ")}`);
  };
}
