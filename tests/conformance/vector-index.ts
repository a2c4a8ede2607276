import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** One operation on the inputs of a case, as the README beside the vectors defines them. */
export type Mutation =
  | { readonly op: "xor" | "put"; readonly offset: number; readonly value: string }
  | { readonly op: "truncate"; readonly length: number }
  | { readonly op: "append"; readonly value: string }
  | { readonly op: "collateralSet"; readonly target: string; readonly value: string }
  | {
      readonly op: "collateralXorHex";
      readonly target: string;
      readonly offset: number;
      readonly value: string;
    }
  | {
      readonly op: "collateralReplaceText";
      readonly target: string;
      readonly find: string;
      readonly with: string;
    }
  | {
      readonly op: "collateralFrom";
      readonly target: string;
      readonly file: string;
      readonly field?: string;
    }
  | { readonly op: "anchor" | "vek" | "chain"; readonly file: string }
  | { readonly op: "time"; readonly value: number };

/** What must come out; every member that is there is checked. */
export interface Expected {
  readonly [member: string]: unknown;
  readonly verify?: ExpectedVerdict;
  readonly defaultPolicy?: { readonly accept: boolean; readonly violations: readonly string[] };
}

/** Verdict of verification: what it says, or one of the codes it may fail with. */
export interface ExpectedVerdict {
  readonly [member: string]: unknown;
  readonly ok: boolean;
  readonly sameAs?: string;
  readonly errorAnyOf?: readonly string[];
}

/** One case of an index; further members name input files of other kinds of evidence. */
export interface VectorCase {
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

/** A vector index and the files beside it. */
export interface VectorIndex {
  readonly cases: readonly VectorCase[];
  readBytes(file: string): Promise<Uint8Array>;
  readText(file: string): Promise<string>;
}

/** Loads an index; files are read when asked for, relative to its folder. */
export async function loadVectorIndex(path: string): Promise<VectorIndex> {
  const folder = dirname(path);
  const { cases } = JSON.parse(await readFile(path, "utf8")) as Pick<VectorIndex, "cases">;
  return {
    cases,
    readBytes: async (file) => new Uint8Array(await readFile(join(folder, file))),
    readText: async (file) => await readFile(join(folder, file), "utf8"),
  };
}
