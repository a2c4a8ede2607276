import { utf8 } from "@carrara/encoding";
import { goBool, goMap, goNullable, readGoJson, type SealMode } from "@carrara/manifest";
import type { Tee } from "@carrara/tee";
import type { RecoveryHashes } from "./core/recovery.ts";
import type { MeshState } from "./core/state.ts";
import { encodeState } from "./core/state-codec.ts";
import { type KeySlot, type SealPolicy, sealDataKey, sealState } from "./store/sealing.ts";
import type { StateStore } from "./store/state-store.ts";

/** Saves states under one data key. */
export interface Sealer {
  /** Resolves when the state is durable. */
  save(state: MeshState): Promise<void>;
}

/** What a sealer writes to and seals with. */
export interface SealerDeps {
  readonly store: StateStore;
  readonly tee: Pick<Tee, "getSealingKey">;
}

/**
 * A sealer for a new data key, or undefined where the manifest's mode keeps the state in memory
 * only (section 8.2).
 */
export async function createSealer(
  { store, tee }: SealerDeps,
  dataKey: Uint8Array,
  mode: SealMode,
  hashes: RecoveryHashes,
): Promise<Sealer | undefined> {
  if (mode === "Disabled") return undefined;
  const policy: SealPolicy = mode === "UniqueKey" ? "unique" : "product";
  const slot = sealDataKey(dataKey, policy, await tee.getSealingKey(policy));
  return sealerOf(store, slot, encodeRecoveryHashes(hashes));
}

/** A sealer that goes on with the key and recovery data of an unsealed state. */
export function sealerOf(store: StateStore, slot: KeySlot, recoveryData: Uint8Array): Sealer {
  return {
    save: async (state) => await store.commit(sealState(slot, recoveryData, encodeState(state))),
  };
}

/** The clear recovery data of section 8.1: JSON `null`, or an object from hash to `true`. */
function encodeRecoveryHashes(hashes: RecoveryHashes): Uint8Array {
  if (hashes.length === 0) return utf8("null");
  return utf8(JSON.stringify(Object.fromEntries(hashes.map((hash) => [hash, true]))));
}

/** Reads {@link encodeRecoveryHashes}'s form. Throws ManifestError `JSON_…` for anything else. */
export function parseRecoveryHashes(bytes: Uint8Array): RecoveryHashes {
  const hashes = readGoJson(bytes, goNullable(goMap(goBool)), "whole");
  return [...(hashes ?? [])].map(([hash]) => hash);
}
