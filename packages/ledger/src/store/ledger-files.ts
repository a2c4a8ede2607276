/** The few file operations that a ledger is made of; names are plain, in one directory. */
export interface LedgerFiles {
  /** Takes the directory, made if missing, for this process; returns how to let it go. */
  lock(): Promise<() => Promise<void>>;
  list(): Promise<readonly string[]>;
  /** Bytes from `offset`, fewer where the file ends; a view of `into` where that has room for them. */
  read(name: string, offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
  size(name: string): Promise<number>;
  /** A new file for appending; its name survives a power loss when it resolves. */
  create(name: string): Promise<LedgerFile>;
  /** Opens a file that is overwritten in place, made if missing. */
  open(name: string): Promise<LedgerFile>;
  /** Writes a whole file, durable when it resolves: a name has all of it or nothing. */
  replace(name: string, bytes: Uint8Array): Promise<void>;
  /** Durable when it resolves. */
  rename(from: string, to: string): Promise<void>;
  /** Durable when it resolves. */
  truncate(name: string, size: number): Promise<void>;
}

/** An open file. */
export interface LedgerFile {
  /** Writes at a place and flushes; durable when it resolves. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Writes at a place without a flush: a killed process leaves it, a power failure may not. */
  note(bytes: Uint8Array, position: number): Promise<void>;
  /** Fills `[from, to)` with zeros, flushed, so that later writes need no new blocks. */
  reserve(from: number, to: number): Promise<void>;
  /** Cuts it off, flushed. */
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}
