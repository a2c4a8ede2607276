import { TransparencyError } from "./error.ts";
import { HASH_BYTES } from "./tree-hasher.ts";

/** Most hashes that any proof has: one for each bit of a safe integer, and one for the right edge. */
export const MAX_PROOF_HASHES = 54;

/** Whether the lowest bit is set; bit operators would cut sizes above 2^32. */
export function isOdd(value: number): boolean {
  return value % 2 === 1;
}

/** `value` shifted right by one bit. */
export function half(value: number): number {
  return Math.floor(value / 2);
}

/** Refuses numbers that no tree has. Throws `PROOF_INVALID`. */
export function assertSizes(...sizes: readonly number[]): void {
  if (!sizes.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new TransparencyError("PROOF_INVALID", "index or size is no safe integer");
  }
}

/** Refuses what is no hash, and proofs longer than any tree's. Throws `PROOF_INVALID`. */
export function assertHashes(hashes: readonly Uint8Array[]): void {
  // Two hashes stand beside the proof itself.
  if (hashes.length > MAX_PROOF_HASHES + 2) {
    throw new TransparencyError("PROOF_INVALID", `proof has over ${MAX_PROOF_HASHES} hashes`);
  }
  if (!hashes.every(({ length }) => length === HASH_BYTES)) {
    throw new TransparencyError("PROOF_INVALID", `a hash has not ${HASH_BYTES} bytes`);
  }
}
