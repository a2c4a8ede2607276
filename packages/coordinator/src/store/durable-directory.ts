import { chmod, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { MAX_STATE_BYTES } from "./state-store.ts";

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

/** Opens `path` as a directory of mode 0700, made if missing. Rejects with Node's system errors. */
export async function openDurableDirectory(path: string): Promise<DurableDirectory> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
  return {
    read: async (name) => await readIfThere(join(path, name)),
    write: async (name, bytes) => await writeAndFlush(join(path, name), bytes),
    rename: async (from, to) => await rename(join(path, from), join(path, to)),
    remove: async (name) => await rm(join(path, name), { force: true }),
    sync: async () => await flush(path),
  };
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    if (size > MAX_STATE_BYTES)
      throw new RangeError(`file of ${size} bytes, limit ${MAX_STATE_BYTES}`);
    const { buffer, byteOffset, byteLength } = await readFile(file);
    return new Uint8Array(buffer, byteOffset, byteLength);
  } finally {
    await file.close();
  }
}

async function writeAndFlush(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function flush(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
