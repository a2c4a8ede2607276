import { utf8 } from "@carrara/encoding";
import { goBool, goMap, goNullable, readGoJson, type SealMode } from "@carrara/manifest";
import type { RecoveryHashes } from "./core/recovery.ts";
import type { Keyring } from "./keyring/keyring.ts";
import { type KeySlot, type SealPolicy, sealDataKey } from "./store/sealing.ts";

/** What states are sealed with: a data key, the key it is under, and the clear recovery data. */
export interface Sealer {
  readonly slot: KeySlot;
  readonly wrappingKey: Uint8Array;
  readonly recoveryData: Uint8Array;
}

/** What a sealer's keys come from. */
export interface SealerDeps {
  readonly keyring: Keyring;
  /** Whether several Coordinators need the state. */
  readonly shared: boolean;
}

/**
 * A sealer for a new data key, or undefined where the manifest's mode keeps the state in memory only
 * (section 8.2). A shared state has to be stored in that mode too: under the key of this very build
 * (section 8.6).
 */
export async function createSealer(
  { keyring, shared }: SealerDeps,
  dataKey: Uint8Array,
  mode: SealMode,
  hashes: RecoveryHashes,
): Promise<Sealer | undefined> {
  if (mode === "Disabled" && !shared) return undefined;
  const policy: SealPolicy = mode === "ProductKey" ? "product" : "unique";
  const wrappingKey = await keyring.ensureWrappingKey(policy);
  const slot = sealDataKey(dataKey, policy, wrappingKey);
  return { slot, wrappingKey, recoveryData: encodeRecoveryHashes(hashes) };
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
