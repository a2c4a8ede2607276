import { equalBytes } from "@carrara/encoding";
import type { SealMode } from "@carrara/manifest";
import type { RecoveryHashes } from "./core/recovery.ts";
import type { MeshState } from "./core/state.ts";
import { decodeState, encodeState } from "./core/state-codec.ts";
import { CoordinatorError } from "./error.ts";
import type { Keyring } from "./keyring/keyring.ts";
import type { Sealed } from "./sealed.ts";
import { createSealer, type Sealer } from "./sealer.ts";
import {
  openDataKey,
  openWitness,
  policyOfKeyFile,
  type SealPolicy,
  sealState,
} from "./store/sealing.ts";
import type { SealedState, StateStore, StoredState } from "./store/state-store.ts";
import { requireNotOlder, type Unsealed, unsealState } from "./store/unseal.ts";

/** What {@link createStateVault} needs. */
export interface StateVaultDeps {
  readonly store: StateStore;
  readonly keyring: Keyring;
  readonly clock: () => Date;
  /** Asks the other Coordinators for the key that the state is sealed under, and keeps it. */
  readonly requestKey?: KeyRequest;
}

/** Resolves to whether the keyring now has a key of `policy` for which `opens` is true. */
type KeyRequest = (
  policy: SealPolicy,
  opens: (sharedKey: Uint8Array) => boolean,
) => Promise<boolean>;

/** What {@link StateVault.load} found. */
export type Loaded =
  | { readonly kind: "empty" }
  | ({ readonly kind: "open" } & Sealed)
  /** `witnessed` is the lowest commit number that a recovery may bring back. */
  | { readonly kind: "locked"; readonly data: Uint8Array; readonly witnessed: number };

/** The sealed state in the store: what was last read of it, and what the next commit builds on. */
export interface StateVault {
  /** Whether other Coordinators commit to the same store. */
  readonly shared: boolean;
  /** Whether the store has another state than the one last loaded or saved. */
  changed(): Promise<boolean>;
  /**
   * Throws `STATE_TAMPERED`, `STATE_ROLLED_BACK`, `STORE_FAILED`, and `KEY_UNAVAILABLE` where the next
   * state cannot be unsealed after one that could: there is no way back to recovery mode.
   */
  load(): Promise<Loaded>;
  /** Takes note of the commit number of a recovered state: the next one is above it. */
  follow(number: number): void;
  /**
   * Commits after the last state loaded or saved; without a sealer there is nothing to do. Throws
   * `STATE_CONFLICT` when another commit came between, `STORE_FAILED` when the outcome is unknown.
   */
  save(mesh: MeshState, sealer: Sealer | undefined): Promise<void>;
  /** What seals states under a new data key; undefined where the mode keeps them in memory. */
  createSealer(
    dataKey: Uint8Array,
    mode: SealMode,
    hashes: RecoveryHashes,
  ): Promise<Sealer | undefined>;
  /** Ends the store after the last commit. May be called twice. */
  close(): Promise<void>;
}

/** A vault over a store that nothing was read from yet. */
export function createStateVault(deps: StateVaultDeps): StateVault {
  const { store, keyring, clock } = deps;
  const shared = store.machines !== undefined;
  let version: string | undefined;
  /** The highest commit number seen: what is read never goes below, what is written goes above. */
  let highest = 0;
  let unlocked = false;

  const unseal = async (stored: StoredState): Promise<Unsealed> => {
    const source = async (policy: SealPolicy) => await keyring.wrappingKey(policy);
    const first = await unsealState(stored, source);
    if (first.kind === "open" || !(await requestKeyFor(stored, deps.requestKey))) return first;
    return await unsealState(stored, source);
  };
  const witnessedBy = async ({ witness }: StoredState) => {
    if (witness === undefined) return 0;
    const keys = await Promise.all([keyring.wrappingKey("product"), keyring.wrappingKey("unique")]);
    return Math.max(...keys.map((key) => (key && openWitness(witness, key)) ?? 0));
  };
  const commit = async (sealed: SealedState): Promise<string> => {
    try {
      return await store.commit(version, sealed);
    } catch (error) {
      const found = await store.read().catch(() => undefined);
      // A lost answer is not a lost commit, and one that a proxy made twice is no conflict: each one is
      // encrypted anew, so that ours can be told.
      if (found !== undefined && equalBytes(found.data, sealed.data)) return found.version;
      throw error;
    }
  };

  return {
    shared,
    changed: async () => shared && (await store.version()) !== version,
    load: async () => {
      highest = Math.max(highest, await keyring.witnessed());
      const stored = await store.read();
      if (stored === undefined) {
        if (version !== undefined || highest > 0) throw gone();
        return { kind: "empty" };
      }
      const unsealed = await unseal(stored);
      if (unsealed.kind === "locked") {
        if (unlocked) throw unavailable();
        version = stored.version;
        highest = Math.max(highest, await witnessedBy(stored));
        return { kind: "locked", data: unsealed.data, witnessed: highest };
      }
      const { number, plain, slot, recoveryData, wrappingKey } = unsealed;
      requireNotOlder(number, highest);
      const mesh = await decodeState(plain);
      highest = number;
      version = stored.version;
      unlocked = true;
      keyring.remember(number);
      return { kind: "open", mesh, sealer: { slot, recoveryData, wrappingKey } };
    },
    follow: (number) => {
      highest = Math.max(highest, number);
    },
    save: async (mesh, sealer) => {
      if (sealer === undefined) return;
      // The clock puts a state that is set anew above all that its predecessors' machines remember.
      const number = Math.max(highest + 1, clock().getTime());
      version = await commit(sealState({ ...sealer, number, plain: encodeState(mesh) }));
      highest = number;
      unlocked = true;
      keyring.remember(number);
    },
    createSealer: async (dataKey, mode, hashes) =>
      await createSealer({ keyring, shared }, dataKey, mode, hashes),
    close: async () => {
      await keyring.drain();
      await store.close();
    },
  };
}

/** Asks the peers for the key of a state that is locked for want of it. */
async function requestKeyFor(
  { key }: StoredState,
  request: KeyRequest | undefined,
): Promise<boolean> {
  const policy = key && policyOfKeyFile(key);
  if (key === undefined || policy === undefined || request === undefined) return false;
  return await request(policy, (sharedKey) => openDataKey(key, sharedKey) !== undefined);
}

function gone(): CoordinatorError {
  return new CoordinatorError("STATE_ROLLED_BACK", "the sealed state is gone");
}

function unavailable(): CoordinatorError {
  return new CoordinatorError(
    "KEY_UNAVAILABLE",
    "the state was sealed under a key that no coordinator handed out",
  );
}
