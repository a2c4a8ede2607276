import { readFile } from "node:fs/promises";
import type { Mutation } from "./mutate.ts";

/** A JSON object whose members are looked at by name. */
export type Json = Readonly<Record<string, unknown>>;

/** Verdict of verification: what it says, or the codes it may fail with. */
export interface ExpectedVerdict {
  readonly ok?: boolean;
  /** Id of the case whose results these are. */
  readonly sameAs?: string;
  readonly errorAnyOf?: readonly string[];
}

/** What must come out; every member that is there is checked. */
export interface Expected {
  /** What parsing gives, where nothing else is expected. */
  readonly parse?: Expected;
  readonly header?: Json;
  readonly measurements?: Json;
  readonly pck?: Json;
  readonly verify?: ExpectedVerdict;
  readonly defaultPolicy?: { readonly accept: boolean; readonly violations?: readonly string[] };
}

/** One case of an index (vectors README). */
export interface IndexCase {
  readonly id: string;
  readonly kind: string;
  readonly quote?: string;
  readonly collateral?: string;
  readonly trustAnchor?: string;
  readonly sigstruct?: string;
  /** Seconds since 1970. */
  readonly time?: number;
  readonly mutate?: readonly Mutation[];
  readonly expected: Expected;
}

/** One check of a case: where, what was expected, what came. */
export type Check = (where: string, expected: unknown, actual: unknown) => void;

/** What a runner of one kind of case may use. */
export interface CaseContext {
  readonly cases: readonly IndexCase[];
  /** Finds a file of the index. */
  readonly resolve: (file: string) => URL;
  readonly check: Check;
}

/** A JSON object from a file of the index. */
export async function readJson(url: URL): Promise<Json> {
  return JSON.parse(await readFile(url, "utf8")) as Json;
}

/** The bytes of a file of the index. */
export async function readBytes(url: URL): Promise<Uint8Array> {
  return new Uint8Array(await readFile(url));
}

/** Compares what `expected` names with what `actual` has; null in an index means "does not apply". */
export function checkFields(where: string, expected: object, actual: Json, check: Check): void {
  for (const [name, value] of Object.entries(expected) as [string, unknown][]) {
    check(`${where}.${name}`, value ?? undefined, actual[name]);
  }
}
