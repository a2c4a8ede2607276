import { AttestationError } from "@carrara/attestation";
import type { Grammar } from "./mutate/mutate.ts";

/** Bytes. */
export const KIB = 1024;

/** A good input; `part` tells targets that take several kinds which of them it is. */
export interface Seed {
  readonly part: string;
  readonly bytes: Uint8Array;
}

/** An error class of ours, with codes. */
type ErrorClass = abstract new (...args: never) => Error & { readonly code: string };

/** Something that reads what an attacker may have written. */
export interface Target {
  readonly name: string;
  /** What is counted together: readers of any input, or verifiers of signed ones. */
  readonly kind: "parser" | "verifier";
  readonly grammar: Grammar;
  readonly seeds: readonly Seed[];
  /** Whose errors are refusals; anything else that is thrown is a finding. */
  readonly refusals: readonly ErrorClass[];
  /** How far inputs grow: the reader's own limit, or 64 KiB. */
  readonly maxBytes: number;
  /** Share of the runs of its kind. */
  readonly weight: number;
  /** Reads one input; throws to refuse it. */
  read(input: Uint8Array, part: string): unknown;
  /**
   * Verifiers only: what was relied on in an input that was accepted. All of it must be in what is
   * relied on in the seed, else something that was changed has verified.
   */
  reliedOn?(input: Uint8Array, part: string): readonly string[];
}

/** Seeds without parts. */
export function seedsOf(inputs: readonly Uint8Array[] = []): Seed[] {
  return inputs.map((bytes) => ({ part: "", bytes }));
}

/** What most readers of the attestation room have in common. */
export const parser = {
  kind: "parser",
  grammar: "bytes",
  refusals: [AttestationError],
  maxBytes: 64 * KIB,
  weight: 10,
} as const;

/** Input as readers of text get it: what is no UTF-8 is replaced. */
export function textOf(input: Uint8Array): string {
  return new TextDecoder().decode(input);
}
