import { toHex } from "@carrara/encoding";

/** A value of a JSON document. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json };

/** One named thing about evidence. */
export interface Fact {
  /** In JSON documents and in tables alike; text of any origin. */
  readonly name: string;
  readonly value: Json;
  /** For people only. */
  readonly note?: string;
}

/** Facts about one part. */
export interface Part {
  /** In JSON documents; parts with `many` become items of an array of this name. */
  readonly key: string;
  /** For people. */
  readonly title: string;
  readonly facts: readonly Fact[];
  readonly many?: true;
}

/** What {@link facts} takes as a value: bytes become hex, dates RFC 3339, words 16 digits of hex. */
export type FactValue = Json | Uint8Array | Date | bigint | Noted | undefined;

const NOTE: unique symbol = Symbol("note");

interface Noted {
  readonly [NOTE]: string;
  readonly value: FactValue;
}

/** A value with a word for people beside it. */
export function noted(value: FactValue, note: string): Noted {
  return { [NOTE]: note, value };
}

function isNoted(value: FactValue): value is Noted {
  return typeof value === "object" && value !== null && NOTE in value;
}

/** One fact. */
export function fact(name: string, value: Exclude<FactValue, undefined>): Fact {
  if (isNoted(value)) return { name, value: jsonOf(value.value), note: value[NOTE] };
  return { name, value: jsonOf(value) };
}

/** Facts in the order of the members; what is undefined is left out. */
export function facts(members: Readonly<Record<string, FactValue>>): Fact[] {
  return Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [fact(name, value)],
  );
}

function jsonOf(value: FactValue): Json {
  if (value === undefined) return null;
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof Date) return value.toISOString();
  if (isNoted(value)) return jsonOf(value.value);
  return typeof value === "bigint" ? value.toString(16).padStart(16, "0") : value;
}

/** The parts as members of a JSON document. */
export function partsToJson(parts: readonly Part[]): Readonly<Record<string, Json>> {
  const members = new Map<string, Json>();
  for (const { key, facts: list, many } of parts) {
    // Names can be anything; a member made this way is never an inherited one.
    const object = Object.fromEntries(list.map(({ name, value }) => [name, value]));
    const earlier = members.get(key);
    if (many !== true) members.set(key, object);
    else members.set(key, [...(Array.isArray(earlier) ? (earlier as Json[]) : []), object]);
  }
  return Object.fromEntries(members);
}
