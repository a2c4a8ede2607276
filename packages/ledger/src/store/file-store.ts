import { randomBytes } from "node:crypto";
import { HEAD_SLOT_BYTES } from "../core/head.ts";
import { WRITER_BYTES } from "../core/ledger-keys.ts";
import { LedgerError } from "../error.ts";
import { asStoreError, isDiskFull, writeError } from "./io-error.ts";
import type { LedgerFile, LedgerFiles } from "./ledger-files.ts";
import type { Append, HeadWrite, LedgerStore, StoreSession, StoreShape } from "./ledger-store.ts";
import { createNodeFiles } from "./node-files.ts";
import { createDigester, readGroups, readRange } from "./read-segments.ts";
import {
  createSegment,
  decodeLayout,
  encodeLayout,
  type Segment,
  segmentOfName,
} from "./segment.ts";
import { readTail, setAside } from "./segment-tail.ts";
import { createSegmentWriter, type SegmentWriter } from "./segment-writer.ts";

const HEAD = "head";
const VOLUME = /^volume-([0-9]{6})\.index$/;
/** What {@link createFileStore} needs. */
export interface FileStoreOptions {
  /** Of mode 0700 afterwards; made if missing. */
  readonly directory: string;
  /** Milliseconds to wait for a process that still has it; 5 seconds unless given. */
  readonly lockWaitMs?: number | undefined;
}

/** A ledger in the files of one directory, for one process. */
export function createFileStore({ directory, lockWaitMs }: FileStoreOptions): LedgerStore {
  return createStoreOver(createNodeFiles(directory, lockWaitMs));
}

/** A ledger in files, whatever these are. */
export function createStoreOver(files: LedgerFiles): LedgerStore {
  return { open: async (shape) => await asStoreError(() => openSession(files, shape)) };
}

async function openSession(files: LedgerFiles, shape: StoreShape): Promise<StoreSession> {
  const unlock = await files.lock();
  try {
    const names = await files.list();
    const found = names.flatMap((name) => segmentOfName(name) ?? []);
    found.sort((a, b) => a.first - b.first || (a.name < b.name ? -1 : 1));
    return createSession({ files, shape, found, head: await files.open(HEAD), unlock });
  } catch (error) {
    await unlock();
    throw error;
  }
}

interface SessionParts {
  readonly files: LedgerFiles;
  readonly shape: StoreShape;
  /** Segments that were there, in order, without what is in them. */
  readonly found: Segment[];
  readonly head: LedgerFile;
  readonly unlock: () => Promise<void>;
}

function createSession({ files, shape, found, head, unlock }: SessionParts): StoreSession {
  /** Segments of each adopted or closed volume, and those since, which groups() or commit() noted. */
  const adopted: Segment[][] = [];
  let since: Segment[] = [];
  let current: SegmentWriter | undefined;
  let nextWriter = randomBytes(WRITER_BYTES);
  const digestOf = createDigester(files);
  let writable = true;
  let scratch = new Uint8Array(0);
  let closing: Promise<void> | undefined;

  const volumeName = (volume: number) => `volume-${volume.toString().padStart(6, "0")}.index`;
  const isNew = (firstIndex: number) =>
    current === undefined || firstIndex % shape.volumeBallots === 0;
  const finishSegment = async () => {
    const finished = current;
    current = undefined;
    await finished?.finish();
  };
  const writerAt = async (firstIndex: number): Promise<SegmentWriter> => {
    if (current !== undefined && !isNew(firstIndex)) return current;
    await finishSegment();
    const segment = createSegment(firstIndex, nextWriter.toString("hex"));
    nextWriter = randomBytes(WRITER_BYTES);
    current = createSegmentWriter(segment, await files.create(segment.name));
    since.push(segment);
    return current;
  };
  const writeHead = async ({ slot, bytes }: HeadWrite) =>
    await asStoreError(async () => await head.write(bytes, slot * HEAD_SLOT_BYTES));
  /** Segments that nobody adopted, as they were found. */
  const unadopted = () => {
    const known = new Set(adopted.flat().map(({ name }) => name));
    return found.filter(({ name }) => !known.has(name));
  };
  const tailOf = async (size: number) => await readTail(files, unadopted(), size);

  return {
    shared: false,
    get writable() {
      return writable;
    },
    writerFor: (firstIndex) =>
      current === undefined || isNew(firstIndex)
        ? nextWriter
        : Buffer.from(current.segment.writer, "hex"),
    readHead: async () =>
      await asStoreError(async () => {
        const bytes = await files.read(HEAD, 0, 2 * HEAD_SLOT_BYTES);
        return [slotOf(bytes, 0), slotOf(bytes, 1)] as const;
      }),
    writeHead,
    volumes: async () =>
      await asStoreError(async () => {
        const numbers = (await files.list()).flatMap((name) => VOLUME.exec(name)?.[1] ?? []);
        return numbers.map(Number).sort((a, b) => a - b);
      }),
    readVolume: async (volume) =>
      await asStoreError(async () => {
        const name = volumeName(volume);
        const size = await files.size(name);
        if (size > scratch.length) scratch = new Uint8Array(size);
        return await files.read(name, 0, size, scratch);
      }),
    writeVolume: async (volume, bytes) => {
      try {
        await finishSegment();
        await files.replace(volumeName(volume), bytes);
      } catch (cause) {
        throw writeError("an index of a volume could not be written", cause);
      }
    },
    adopt: (volume, layout) => {
      const segments = decodeLayout(layout);
      const names = new Set(found.map(({ name }) => name));
      const missing = segments.find(({ name }) => !names.has(name));
      if (missing !== undefined) {
        throw new LedgerError("LEDGER_SEGMENT_MISSING", `${missing.name} is missing`);
      }
      adopted[volume] = segments;
    },
    layoutOf: (volume) => {
      const end = (volume + 1) * shape.volumeBallots;
      const segments = since.filter(({ first }) => first < end);
      since = since.filter(({ first }) => first >= end);
      adopted[volume] = segments;
      return encodeLayout(segments);
    },
    digestOf: async (volume) =>
      await asStoreError(async () => await digestOf(adopted[volume] ?? [])),
    groups: (from) => readGroups(files, unadopted(), from, since),
    behind: async (size) => await asStoreError(async () => (await tailOf(size)).used),
    setAside: async (size) =>
      await asStoreError(async () => {
        await setAside(files, await tailOf(size));
        since = since.filter(({ first }) => first < size);
      }),
    read: async (from, to) =>
      await asStoreError(async () => {
        const volume = adopted[Math.floor(from / shape.volumeBallots)] ?? since;
        return await readRange(files, volume, from, to);
      }),
    commit: async (_, step) => {
      const append = await step([]);
      if (append === undefined) return;
      try {
        const writer = await writerAt(append.firstIndex);
        const write = writer.append(append.group, append.count);
        const slot = await beside(write, append);
        await head.note(slot.bytes, slot.slot * HEAD_SLOT_BYTES);
      } catch (cause) {
        writable = isDiskFull(cause) && ((await current?.cutBack()) ?? true);
        throw writeError(
          writable ? "there is no room for a group" : "a group could not be written",
          cause,
        );
      }
    },
    close: async () => {
      closing ??= (async () => {
        if (writable) await finishSegment();
        else await current?.abandon();
        await head.close();
        await unlock();
      })();
      await asStoreError(async () => await closing);
    },
  };
}

/** What is to be done while a write is under way, whose failure is told first. */
async function beside(write: Promise<void>, append: Append): Promise<HeadWrite> {
  try {
    return append.meanwhile();
  } finally {
    await write;
  }
}

function slotOf(bytes: Uint8Array, slot: 0 | 1): Uint8Array | undefined {
  const found = bytes.subarray(slot * HEAD_SLOT_BYTES, (slot + 1) * HEAD_SLOT_BYTES);
  return found.every((byte) => byte === 0) ? undefined : found;
}
