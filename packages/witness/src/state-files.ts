import { chmod, mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { lockState, type StateLock } from "./state-lock.ts";
import { WitnessError } from "./witness-error.ts";

/** The file operations that a witness's promise rests on; each has happened when it resolves. */
export interface StateFiles {
  /** The file's bytes, undefined where there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Writes a whole file of mode 0600 and flushes its content. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Flushes the directory: names written and renamed so far outlast a power cut. */
  sync(): Promise<void>;
}

/** State files that no other witness uses meanwhile. */
export interface StateDirectory extends StateFiles {
  /** Lets the next witness in; may be called twice. */
  close(): Promise<void>;
}

/** Opens `dir`, mode 0700, made if missing. Throws `WITNESS_STATE_LOCKED`, `WITNESS_STATE_UNWRITABLE`. */
export async function openStateDirectory(dir: string): Promise<StateDirectory> {
  const lock = await prepare(dir);
  return {
    read: async (name) => await readIfThere(join(dir, name)),
    write: async (name, bytes) => await writeAndFlush(join(dir, name), bytes),
    rename: async (from, to) => await rename(join(dir, from), join(dir, to)),
    sync: async () => await flush(dir),
    close: async () => await lock.release(),
  };
}

async function prepare(dir: string): Promise<StateLock> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await chmod(dir, 0o700);
    return await lockState(dir);
  } catch (cause) {
    if (cause instanceof WitnessError) throw cause;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
    const message = `the state directory cannot be used (${code})`;
    throw new WitnessError("WITNESS_STATE_UNWRITABLE", message, { cause });
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}

async function writeAndFlush(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function flush(dir: string): Promise<void> {
  const directory = await open(dir, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
