import { readFile } from "node:fs/promises";
import type { DcapCollateral } from "@carrara/attestation";
import { fromHex } from "@carrara/encoding";

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
  readonly collateral: Record<keyof DcapCollateral, string> | undefined;
  /** Path of the trust anchor's PEM. */
  readonly anchor: string;
  /** Seconds since 1970. */
  readonly time: number;
}

/** Applies `mutation`; `resolve` finds files of the index. Throws on an operation that is not known. */
export async function mutate(
  input: CaseInput,
  mutation: Mutation,
  resolve: (file: string) => URL,
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
      return { ...input, bytes: Buffer.concat([input.bytes, fromHex(value)]) };
    case "anchor":
      return { ...input, anchor: file };
    case "time":
      return { ...input, time: Number(mutation.value) };
    case "collateralSet":
      return withField(input, target, () => value);
    case "collateralXorHex":
      return withField(input, target, (hex) => {
        const bytes = fromHex(hex);
        return Buffer.from(
          overlay(bytes, offset < 0 ? bytes.length + offset : offset, fromHex(value), true),
        ).toString("hex");
      });
    case "collateralReplaceText":
      return withField(input, target, (text) =>
        text.replace(mutation.find ?? "", mutation.with ?? ""),
      );
    case "collateralFrom": {
      const other = await readJson(resolve(file));
      return withField(input, target, () => String(other[mutation.field ?? target]));
    }
    default:
      throw new Error(`mutation ${op} is not known`);
  }
}

/** A JSON object from a file of the index. */
export async function readJson(url: URL): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(url, "utf8")) as Record<string, unknown>;
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
  const old = collateral[target as keyof DcapCollateral];
  return { ...input, collateral: { ...collateral, [target]: change(old) } };
}
