import { chmod, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { flushDirectory, writeFlushed } from "./durable-file.ts";
import { isSystemError } from "./system-error.ts";

/** The few file operations a commit is made of; each has happened for good when it resolves. */
export interface DurableDirectory {
  /** The file's bytes, or undefined when there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Writes a whole file of mode 0600 and flushes its content; the entry itself needs {@link sync}. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file if it is there. */
  remove(name: string): Promise<void>;
  /** Flushes the directory: names written, renamed and removed so far survive a power loss. */
  sync(): Promise<void>;
}

/**
 * Opens `path` as a directory of mode 0700, made if missing. A file of more than `maxBytes` is not
 * read. Rejects with Node's system errors, and with `RangeError` for such a file.
 */
export async function openDurableDirectory(
  path: string,
  { maxBytes }: { readonly maxBytes: number },
): Promise<DurableDirectory> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
  return {
    read: async (name) => await readIfThere(join(path, name), maxBytes),
    write: async (name, bytes) => await writeFlushed(join(path, name), bytes),
    rename: async (from, to) => await rename(join(path, from), join(path, to)),
    remove: async (name) => await rm(join(path, name), { force: true }),
    sync: async () => await flushDirectory(path),
  };
}

async function readIfThere(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  const file = await open(path, "r").catch((cause: unknown) => {
    if (isSystemError(cause, "ENOENT")) return undefined;
    throw cause;
  });
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw new RangeError(`file of ${size} bytes, limit ${maxBytes}`);
    const { buffer, byteOffset, byteLength } = await file.readFile();
    return new Uint8Array(buffer, byteOffset, byteLength);
  } finally {
    await file.close();
  }
}
