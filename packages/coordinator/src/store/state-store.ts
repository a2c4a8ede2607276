/** The three parts of a sealed state, one file each where the store is a directory (section 8.1). */
export interface SealedState {
  /** `sealed_data`: the state under its data key. */
  readonly data: Uint8Array;
  /** `sealed_key`: the data key under the key of this enclave, bound to `data`. */
  readonly key: Uint8Array;
  /** `sealed_version`: the commit number that `data` must have. */
  readonly witness: Uint8Array;
}

/** What a store holds. Operators may remove the key; nothing else goes missing by itself. */
export interface StoredState {
  /** What {@link StateStore.commit} expects; says nothing else. */
  readonly version: string;
  readonly data: Uint8Array;
  readonly key: Uint8Array | undefined;
  readonly witness: Uint8Array | undefined;
}

/** Small values that belong to one machine each, beside a state that several machines share. */
export interface MachineEntries {
  read(name: string): Promise<Uint8Array | undefined>;
  /** Writes unless there is one already; whether it did. */
  create(name: string, bytes: Uint8Array): Promise<boolean>;
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/**
 * Keeps one sealed state. A commit that resolved is durable and survives the loss of power; one that
 * was cut off has happened whole or not at all. All methods throw `STORE_FAILED` where the backend
 * fails; a commit that did so may have happened all the same.
 */
export interface StateStore {
  /** Entries of the machines; a store that has them is shared by several Coordinators. */
  readonly machines: MachineEntries | undefined;
  /** The version in force, at a fraction of the cost of {@link read}. */
  version(): Promise<string | undefined>;
  /** Throws `STATE_TAMPERED` where parts are missing that no commit leaves out. */
  read(): Promise<StoredState | undefined>;
  /**
   * Replaces the state of version `expected` (undefined: none) and resolves to the new version.
   * Throws `STATE_CONFLICT` when another version is in force; nothing has changed then.
   */
  commit(expected: string | undefined, next: SealedState): Promise<string>;
  /**
   * Calls back when the state may have changed, at least once after each change by others. Returns
   * how to stop that. A hint: who needs the newest state reads it.
   */
  watch(listener: () => void): () => void;
  /** Ends connections and locks. May be called twice. */
  close(): Promise<void>;
}

/** Largest state that is read or written, in bytes: one manifest and its secrets are far below. */
export const MAX_STATE_BYTES: number = 64 * 1024 * 1024;
