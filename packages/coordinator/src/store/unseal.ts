import { CoordinatorError } from "../error.ts";
import {
  isBoundTo,
  type KeySlot,
  openDataKey,
  openState,
  policyOfKeyFile,
  recoveryDataOf,
  type SealPolicy,
} from "./sealing.ts";
import type { FilePlace, StateStore, StoredFiles } from "./state-store.ts";

/** What a store holds, as far as this enclave can read it. */
export type Unsealed =
  | { readonly kind: "empty" }
  | {
      readonly kind: "open";
      readonly slot: KeySlot;
      readonly recoveryData: Uint8Array;
      readonly plain: Uint8Array;
    }
  /** There is a state, but its key is missing, of another machine or older than the data. */
  | { readonly kind: "locked"; readonly data: Uint8Array };

/** The pairs a commit can leave, in the order they are tried. */
const PAIRS: readonly (readonly [FilePlace, FilePlace])[] = [
  ["current", "current"],
  ["current", "pending"],
  ["pending", "current"],
];

/**
 * Reads and unseals a store, and ends a commit that was cut off. Throws `STATE_TAMPERED` when the key
 * is this enclave's but the data was changed: that is no case for recovery.
 */
export async function unsealStore(
  store: StateStore,
  getSealingKey: (policy: SealPolicy) => Promise<Uint8Array>,
): Promise<Unsealed> {
  const files = await store.read();
  const data = files.data.current ?? (files.key.current && files.data.pending);
  if (data === undefined) {
    // No commit leaves this: the key is renamed after its data. A fresh start would forget a mesh.
    if (files.key.current !== undefined) {
      throw new CoordinatorError("STATE_TAMPERED", "sealed_key is there, sealed_data is gone");
    }
    // Pending files alone are a first commit nobody was told of.
    return { kind: "empty" };
  }
  const slots = {
    current: await openSlot(files.key.current, getSealingKey),
    pending: await openSlot(files.key.pending, getSealingKey),
  };
  const pair = PAIRS.find(([d, k]) => fits(files, slots, d, k));
  if (pair === undefined) return lockedOrTampered(data, slots.current);
  const [dataPlace, keyPlace] = pair;
  const opened = openPair(files.data[dataPlace], slots[keyPlace]);
  if (files.data.pending !== undefined || files.key.pending !== undefined) {
    await store.settle(dataPlace, keyPlace);
  }
  return opened;
}

type Slots = Readonly<Record<FilePlace, KeySlot | undefined>>;

async function openSlot(
  file: Uint8Array | undefined,
  getSealingKey: (policy: SealPolicy) => Promise<Uint8Array>,
): Promise<KeySlot | undefined> {
  const policy = file === undefined ? undefined : policyOfKeyFile(file);
  if (file === undefined || policy === undefined) return undefined;
  return openDataKey(file, await getSealingKey(policy));
}

function fits(files: StoredFiles, slots: Slots, data: FilePlace, key: FilePlace): boolean {
  const dataFile = files.data[data];
  const keyFile = files.key[key];
  const slot = slots[key];
  if (dataFile === undefined || keyFile === undefined || slot === undefined) return false;
  return isBoundTo(keyFile, slot, dataFile);
}

function openPair(data: Uint8Array | undefined, slot: KeySlot | undefined): Unsealed {
  const plain = data && slot && openState(data, slot.dataKey);
  if (data === undefined || slot === undefined || plain === undefined) {
    throw new CoordinatorError("STATE_TAMPERED", "sealed_data does not decrypt under its key");
  }
  return { kind: "open", slot, recoveryData: recoveryDataOf(data), plain };
}

/** A pending key says nothing here: its commit may not have come to its data yet. */
function lockedOrTampered(data: Uint8Array, slot: KeySlot | undefined): Unsealed {
  if (slot === undefined || openState(data, slot.dataKey) !== undefined) {
    return { kind: "locked", data };
  }
  throw new CoordinatorError("STATE_TAMPERED", "sealed_data does not decrypt under its key");
}
