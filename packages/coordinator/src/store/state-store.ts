/** The two files of a sealed state (section 8.1). */
export interface SealedPair {
  readonly data: Uint8Array;
  readonly key: Uint8Array;
}

/** Where a file of a pair was found: in force, or written by a commit that did not finish. */
export type FilePlace = "current" | "pending";

/** What the store holds; a commit that was cut off leaves pending files. */
export interface StoredFiles {
  readonly data: Readonly<Record<FilePlace, Uint8Array | undefined>>;
  readonly key: Readonly<Record<FilePlace, Uint8Array | undefined>>;
}

/** Keeps one sealed pair. Resolved means durable: a power loss afterwards does not undo it. */
export interface StateStore {
  read(): Promise<StoredFiles>;
  /** Ends a commit that was cut off, by making the named files current and removing the rest. */
  settle(data: FilePlace, key: FilePlace): Promise<void>;
  /** Replaces the pair; cut off anywhere, either the old or the new pair can be read. */
  commit(pair: SealedPair): Promise<void>;
}
