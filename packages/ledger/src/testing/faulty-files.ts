import { setTimeout as sleep } from "node:timers/promises";
import type { LedgerFile, LedgerFiles } from "../store/ledger-files.ts";
import { createMemoryFiles } from "./memory-files.ts";

/** What is wrong with a disk at the moment; tests change it while a ledger runs. */
export interface DiskFaults {
  /** Bytes that can still be written. */
  roomBytes: number;
  readOnly: boolean;
  /** Flushes fail, after the bytes have reached the file or not. */
  flushFails: false | "written" | "lost";
  /** Milliseconds that a flush takes. */
  slowMs: number;
  /** Each flushed write, in order. */
  readonly writes: { readonly name: string; readonly bytes: Uint8Array }[];
}

/** Files in memory on a disk that fails as it is told. */
export function createFaultyFiles(content: Map<string, Uint8Array> = new Map()): {
  readonly files: LedgerFiles;
  readonly disk: DiskFaults;
} {
  const disk: DiskFaults = {
    roomBytes: Number.POSITIVE_INFINITY,
    readOnly: false,
    flushFails: false,
    slowMs: 0,
    writes: [],
  };
  const files = createMemoryFiles(content);
  const fail = (code: string): never => {
    throw Object.assign(new Error(`${code}: the disk was told to fail`), { code });
  };
  const change = (): void => {
    if (disk.readOnly) fail("EROFS");
  };
  const flush = async (): Promise<void> => {
    if (disk.slowMs > 0) await sleep(disk.slowMs);
    if (disk.flushFails !== false) fail("EIO");
  };
  const take = (bytes: number): void => {
    if (bytes > disk.roomBytes) fail("ENOSPC");
    disk.roomBytes -= bytes;
  };
  const guarded = (name: string, file: LedgerFile): LedgerFile => ({
    write: async (bytes, position) => {
      change();
      disk.writes.push({ name, bytes });
      const fits = Math.min(bytes.length, disk.roomBytes);
      const grows = position + bytes.length > (await files.size(name));
      if (fits < bytes.length && grows) {
        await file.write(bytes.subarray(0, fits), position);
        disk.roomBytes = 0;
        fail("ENOSPC");
      }
      if (grows) take(bytes.length);
      if (disk.flushFails !== "lost") await file.write(bytes, position);
      await flush();
    },
    note: async (bytes, position) => {
      change();
      await file.note(bytes, position);
    },
    reserve: async (from, to) => {
      change();
      take(to - from);
      await file.reserve(from, to);
    },
    truncate: async (size) => {
      change();
      await file.truncate(size);
      await flush();
    },
    close: async () => await file.close(),
  });
  const changing =
    <A extends readonly unknown[], R>(run: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      change();
      const result = await run(...args);
      await flush();
      return result;
    };
  return {
    disk,
    files: {
      ...files,
      create: changing(async (name) => {
        take(1);
        return guarded(name, await files.create(name));
      }),
      open: changing(async (name) => guarded(name, await files.open(name))),
      replace: changing(async (name, bytes) => {
        take(bytes.length);
        await files.replace(name, bytes);
      }),
      rename: changing(files.rename),
      truncate: changing(files.truncate),
    },
  };
}
