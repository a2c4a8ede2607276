/** An open descriptor of an emulated file. Every method throws errors with an errno `code`. */
export interface KernelOpenFile {
  read(length: number, position: number): Uint8Array;
  /** One write(2); the count of bytes taken. */
  write(bytes: Uint8Array, position: number): number;
  /** Errors are the caller's, which configfs throws away and sysfs has none of. */
  close(): void;
}

/** A file: what opening it does. */
export interface KernelFile {
  readonly kind: "file";
  /** Permission bits. */
  readonly mode: number;
  open(access: "read" | "write"): KernelOpenFile;
}

/** A directory; without `mkdir` it refuses new entries. */
export interface KernelDirectory {
  readonly kind: "directory";
  list(): readonly string[];
  child(name: string): KernelNode | undefined;
  mkdir?(name: string): void;
  rmdir?(name: string): void;
}

/** What a path of the emulated kernel leads to. */
export type KernelNode = KernelDirectory | KernelFile;

/** The error of a failed system call, as `node:fs` throws it. */
export function errnoError(code: string): Error & { readonly code: string } {
  return Object.assign(new Error(`${code}: emulated`), { code });
}

/** A directory whose entries never change; undefined ones are absent. */
export function fixedDirectory(
  entries: Readonly<Record<string, KernelNode | undefined>>,
): KernelDirectory {
  return {
    kind: "directory",
    list: () => Object.keys(entries).filter((name) => entries[name] !== undefined),
    child: (name) => (Object.hasOwn(entries, name) ? entries[name] : undefined),
  };
}

/** A file for reading, whose content is made when it is opened. */
export function readOnlyFile(content: () => Uint8Array): KernelFile {
  return {
    kind: "file",
    mode: 0o444,
    open(access) {
      if (access === "write") throw errnoError("EACCES");
      const bytes = content();
      return {
        read: (length, position) => bytes.slice(position, position + length),
        write: () => {
          throw errnoError("EBADF");
        },
        close: () => undefined,
      };
    },
  };
}
