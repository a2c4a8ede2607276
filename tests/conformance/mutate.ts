import { concatBytes, fromHex, toHex } from "@carrara/encoding";
import { type Json, type ReadFile, readJson } from "./index-case.ts";

/** One mutation of an index (vectors README, section Mutations). */
export interface Mutation {
  readonly op: string;
  readonly offset?: number;
  readonly length?: number;
  readonly value?: string | number;
  readonly target?: string;
  readonly find?: string;
  readonly with?: string;
  readonly file?: string;
  readonly field?: string;
}

/** What a case verifies: bytes, endorsements, anchor and time. */
export interface CaseInput {
  readonly bytes: Uint8Array;
  readonly collateral: Json | undefined;
  /** Path of the trust anchor's PEM. */
  readonly anchor: string;
  /** Seconds since 1970. */
  readonly time: number;
  /** SEV-SNP: paths of the versioned key's certificate, and of those above it. */
  readonly vek?: string;
  readonly chain?: string;
}

/** Applies `mutation`; `read` gives files of the index. Throws on an operation that is not known. */
export async function mutate(
  input: CaseInput,
  mutation: Mutation,
  read: ReadFile,
): Promise<CaseInput> {
  const { op, offset = 0, target = "", file = "" } = mutation;
  const value = String(mutation.value ?? "");
  switch (op) {
    case "xor":
      return { ...input, bytes: overlay(input.bytes, offset, fromHex(value), true) };
    case "put":
      return { ...input, bytes: overlay(input.bytes, offset, fromHex(value), false) };
    case "truncate":
      return { ...input, bytes: input.bytes.slice(0, mutation.length) };
    case "append":
      return { ...input, bytes: concatBytes(input.bytes, fromHex(value)) };
    case "anchor":
      return { ...input, anchor: file };
    case "vek":
      return { ...input, vek: file };
    case "chain":
      return { ...input, chain: file };
    case "time":
      return { ...input, time: Number(mutation.value) };
    case "collateralSet":
      return withField(input, target, () => value);
    case "collateralXorHex":
      return withField(input, target, (hex) => {
        const bytes = fromHex(hex);
        const from = offset < 0 ? bytes.length + offset : offset;
        return toHex(overlay(bytes, from, fromHex(value), true));
      });
    case "collateralReplaceText":
      return withField(input, target, (text) =>
        // A function, since "$" means something in a replacement text.
        text.replace(mutation.find ?? "", () => mutation.with ?? ""),
      );
    case "collateralFrom": {
      const other = await readJson(read, file);
      return withField(input, target, () => String(other[mutation.field ?? target]));
    }
    default:
      throw new Error(`mutation ${op} is not known`);
  }
}

function overlay(bytes: Uint8Array, offset: number, patch: Uint8Array, xor: boolean): Uint8Array {
  const out = bytes.slice();
  patch.forEach((byte, i) => {
    out[offset + i] = xor ? (out[offset + i] ?? 0) ^ byte : byte;
  });
  return out;
}

function withField(input: CaseInput, target: string, change: (old: string) => string): CaseInput {
  const { collateral } = input;
  if (collateral === undefined) throw new Error("the case has no collateral to change");
  return { ...input, collateral: { ...collateral, [target]: change(String(collateral[target])) } };
}
