/** One slot of the head; the other keeps the head before. */
export interface HeadWrite {
  readonly slot: 0 | 1;
  /** Ballots that it vouches for. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** What is handed to the store for one group. */
export interface Append {
  readonly group: Uint8Array;
  /** Index of its first ballot. */
  readonly firstIndex: number;
  readonly count: number;
  /** Called while the write is under way: gives the head to write behind it. */
  meanwhile(): HeadWrite;
}

/** Where groups lie; the layout of a store is nothing to anybody else. */
export interface StoreSession {
  /** Who writes in this session: 16 random bytes, fresh for each segment. */
  writerFor(firstIndex: number): Uint8Array;
  /** Both slots of the head; undefined where nothing was written yet. */
  readHead(): Promise<readonly [Uint8Array | undefined, Uint8Array | undefined]>;
  /** Durable when it resolves. */
  writeHead(head: HeadWrite): Promise<void>;
  /** Numbers of the volumes that have an index, ascending. */
  volumes(): Promise<readonly number[]>;
  /** Its bytes are good until the next call. */
  readVolume(volume: number): Promise<Uint8Array>;
  /** Durable when it resolves. */
  writeVolume(volume: number, bytes: Uint8Array): Promise<void>;
  /** Takes over where a full volume's groups are. Throws `LEDGER_SEGMENT_MISSING`. */
  adopt(volume: number, layout: Uint8Array): void;
  /** Where the groups of a full volume are. */
  layoutOf(volume: number): Uint8Array;
  /** SHA-256 over the groups of an adopted volume, one after the other. */
  digestOf(volume: number): Promise<Uint8Array>;
  /**
   * Whole groups in order, from index `from` on, which begins one; ends where no whole group follows.
   * Throws `LEDGER_SEGMENT_MISSING`, `LEDGER_SEGMENT_FOREIGN`.
   */
  groups(from: number): AsyncIterable<Uint8Array>;
  /** Bytes behind the ballots below `size`, up to the last one that is not zero. */
  behind(size: number): Promise<number>;
  /** Puts aside, and keeps, what lies behind the ballots below `size`. */
  setAside(size: number): Promise<void>;
  /** Groups that hold the ballots `[from, to)`. */
  read(from: number, to: number): Promise<readonly Uint8Array[]>;
  /**
   * Appends one group while nobody else does. `step` first gets the groups that others appended since
   * `size`; it may have nothing to append. Resolves when group and head are written. Rejects with
   * `LEDGER_WRITE_FAILED`; then `writable` says whether another try makes sense.
   */
  commit(
    size: number,
    step: (others: readonly Uint8Array[]) => Promise<Append | undefined>,
  ): Promise<void>;
  /** Whether other processes append too. */
  readonly shared: boolean;
  /** False after a failure of which the outcome is not known. */
  readonly writable: boolean;
  close(): Promise<void>;
}

/** Sizes that a store needs to know. */
export interface StoreShape {
  readonly poll: string;
  readonly volumeBallots: number;
}

/** A place for a ledger. */
export interface LedgerStore {
  /** Takes it for this process. Throws `LEDGER_LOCKED`, `LEDGER_STORE_FAILED`. */
  open(shape: StoreShape): Promise<StoreSession>;
}
