import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { chmod, type FileHandle, mkdir, open, readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { flushDirectory, lockDirectory, type Unlock, writeFlushed } from "@carrara/files";
import { LedgerError } from "../error.ts";
import type { LedgerFile, LedgerFiles } from "./ledger-files.ts";

const { O_CREAT, O_DSYNC, O_EXCL, O_RDWR } = constants;
const MODE = 0o600;
/** Milliseconds to wait for a process that is ending: its last group and its head. */
const DEFAULT_LOCK_WAIT_MS = 5_000;
/** Milliseconds up to which a disk is waited for where it is: others wait no longer for their turn anyway. */
const QUICK_MS = 1;
const ZEROS: Uint8Array = new Uint8Array(256 * 1024);

/** The files of a directory of mode 0700. Rejects with Node's system errors. */
export function createNodeFiles(directory: string, lockWaitMs?: number): LedgerFiles {
  const at = (name: string): string => join(directory, name);
  const wait = createWait();
  return {
    lock: async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await chmod(directory, 0o700);
      return await lock(directory, lockWaitMs);
    },
    list: async () => await readdir(directory),
    read: async (name, offset, length, into) =>
      await wait(
        () => readFullySync(at(name), offset, length, into),
        async () =>
          await withFile(
            at(name),
            "r",
            async (file) => await readFully(file, offset, length, into),
          ),
      ),
    size: async (name) => (await stat(at(name))).size,
    create: async (name) => {
      const file = await openFile(at(name), O_RDWR | O_CREAT | O_EXCL | O_DSYNC);
      await flushDirectory(directory);
      return file;
    },
    open: async (name) => {
      const file = await openFile(at(name), O_RDWR | O_CREAT | O_DSYNC);
      await flushDirectory(directory);
      return file;
    },
    replace: async (name, bytes) => {
      await writeFlushed(at(`${name}.new`), bytes);
      await rename(at(`${name}.new`), at(name));
      await flushDirectory(directory);
    },
    rename: async (from, to) => {
      await rename(at(from), at(to));
      await flushDirectory(directory);
    },
    truncate: async (name, size) =>
      await withFile(at(name), "r+", async (file) => {
        await file.truncate(size);
        await file.sync();
      }),
  };
}

async function lock(directory: string, waitMs = DEFAULT_LOCK_WAIT_MS): Promise<Unlock> {
  const unlock = await lockDirectory(directory, waitMs);
  if (unlock !== undefined) return unlock;
  throw new LedgerError("LEDGER_LOCKED", "another process uses the ledger's directory");
}

/**
 * Writes are `O_DSYNC`: written and flushed in one call, where write and fdatasync are two. What needs no
 * flush goes through a second descriptor.
 */
async function openFile(path: string, flags: number): Promise<LedgerFile> {
  const durable = await open(path, flags, MODE);
  const lazy = await open(path, "r+");
  const wait = createWait();
  return {
    write: async (bytes, position) =>
      await wait(
        () => writeFullySync(durable, bytes, position),
        async () => await writeFully(durable, bytes, position),
      ),
    // A hundred bytes for the page cache: 2 µs here, where another thread would take 20 and its turn.
    note: async (bytes, position) => writeFullySync(lazy, bytes, position),
    reserve: async (from, to) => {
      for (let position = from; position < to; position += ZEROS.length) {
        await writeFully(lazy, ZEROS.subarray(0, to - position), position);
      }
      await lazy.datasync();
    },
    truncate: async (size) => {
      await lazy.truncate(size);
      await lazy.sync();
    },
    close: async () => {
      await durable.close();
      await lazy.close();
    },
  };
}

/**
 * Does the same `here` as long as the disk is quick and `elsewhere`, on another thread, when it was not:
 * where it is quick, handing the work over takes longer than the work.
 */
function createWait(): <T>(here: () => T, elsewhere: () => Promise<T>) => Promise<T> {
  let isQuick = false;
  return async (here, elsewhere) => {
    const startedAt = performance.now();
    const result = isQuick ? here() : await elsewhere();
    isQuick = performance.now() - startedAt < QUICK_MS;
    return result;
  };
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function writeFullySync({ fd }: FileHandle, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

async function readFully(
  file: FileHandle,
  offset: number,
  length: number,
  into: Uint8Array | undefined,
): Promise<Uint8Array> {
  const bytes = roomFor(length, into);
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, offset + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

function readFullySync(
  path: string,
  offset: number,
  length: number,
  into: Uint8Array | undefined,
): Uint8Array {
  const bytes = roomFor(length, into);
  const fd = openSync(path, "r");
  try {
    for (let done = 0; done < bytes.length; ) {
      const bytesRead = readSync(fd, bytes, done, bytes.length - done, offset + done);
      if (bytesRead === 0) return bytes.subarray(0, done);
      done += bytesRead;
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}

function roomFor(length: number, into: Uint8Array | undefined): Uint8Array {
  return into !== undefined && length <= into.length
    ? into.subarray(0, length)
    : Buffer.allocUnsafeSlow(length);
}

async function withFile<T>(
  path: string,
  flags: string,
  work: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(path, flags, MODE);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
