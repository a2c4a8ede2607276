/**
 * The six calls that evidence from files needs (attestation specification section 7.5), each one
 * system call. Failures reject with an error whose `code` is the errno name, as those of
 * `node:fs` do.
 */
export interface FileOps {
  /** A descriptor for one direction, as configfs demands; makes no file and cuts none. */
  open(path: string, access: "read" | "write"): Promise<OpenFile>;
  mkdir(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
}

/** An open descriptor. */
export interface OpenFile {
  /** Reads from the current position into `into`; the count of bytes, 0 at the end. */
  read(into: Uint8Array): Promise<number>;
  /** One write at the current position; the count of bytes that were taken. */
  write(bytes: Uint8Array): Promise<number>;
  close(): Promise<void>;
}
