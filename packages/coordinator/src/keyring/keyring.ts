import type { Tee } from "@carrara/tee";
import type { SealPolicy } from "../store/sealing.ts";

/** The keys that data keys are sealed under, by policy. */
export interface Keyring {
  /** The key, or undefined where this machine does not have it (yet). */
  wrappingKey(policy: SealPolicy): Promise<Uint8Array | undefined>;
  /** The key, made where there is none. */
  ensureWrappingKey(policy: SealPolicy): Promise<Uint8Array>;
  /** The highest commit number this machine remembers, 0 for none. */
  witnessed(): Promise<number>;
  /** Remembers a commit number; resolves before it is durable. */
  remember(number: number): void;
  /** Resolves when everything to be remembered is durable or has failed. */
  drain(): Promise<void>;
}

/**
 * The keys of a Coordinator that has its state for itself: the enclave's sealing keys. Its witness is
 * a part of each commit and is not repeated here.
 */
export function createLocalKeyring(tee: Pick<Tee, "getSealingKey">): Keyring {
  return {
    wrappingKey: async (policy) => await tee.getSealingKey(policy),
    ensureWrappingKey: async (policy) => await tee.getSealingKey(policy),
    witnessed: async () => 0,
    remember: () => undefined,
    drain: async () => undefined,
  };
}
