import { createHash } from "node:crypto";
import { concatBytes, equalBytes } from "@carrara/encoding";
import {
  type DurableDirectory,
  lockDirectory,
  openDurableDirectory,
  type Unlock,
} from "@carrara/files";
import { CoordinatorError } from "../error.ts";
import {
  MAX_STATE_BYTES,
  type SealedState,
  type StateStore,
  type StoredState,
} from "./state-store.ts";
import { asStoreError, conflictError } from "./store-error.ts";

/** File names that operators and recovery drills rely on. */
const DATA = "sealed_data";
const KEY = "sealed_key";
/** The commit record: hashes of the two files it goes with, then the witness. */
const RECORD = "sealed_version";
/** What a commit writes first has this behind its name. */
const PENDING = ".new";

const HASH_BYTES = 32;
const RECORD_HEADER_BYTES = 2 * HASH_BYTES;
/** Milliseconds to wait for a Coordinator that is ending: its last commit and its connections. */
const LOCK_WAIT_MS = 5_000;
/** Version of a state whose record is gone. */
const NO_RECORD = "none";

/** A file as found, under its name or still pending. */
interface Found {
  readonly pending: boolean;
  readonly bytes: Uint8Array;
}

/**
 * The store of section 8.1: files in `path`, a directory of mode 0700 that one Coordinator uses at a
 * time. Throws `STORE_LOCKED` where another one still does after `lockWaitMs`, 5 seconds unless given.
 */
export async function openFileStore(
  path: string,
  lockWaitMs: number = LOCK_WAIT_MS,
): Promise<StateStore> {
  return await asStoreError("the state directory cannot be opened", async () => {
    const directory = await openDurableDirectory(path, { maxBytes: MAX_STATE_BYTES });
    return { ...createFileStore(directory), close: await lock(path, lockWaitMs) };
  });
}

async function lock(path: string, waitMs: number): Promise<Unlock> {
  const unlock = await lockDirectory(path, waitMs);
  if (unlock !== undefined) return unlock;
  throw new CoordinatorError("STORE_LOCKED", "another coordinator uses the state directory");
}

/**
 * A store over a directory; nothing else may change it meanwhile but an operator who removes a file.
 * A commit writes its three files beside the old ones, then renames the record, data and key: five
 * flushes. Whatever cuts it off, one of the two records names files that are all there, the older one
 * if possible, since nobody was told of the newer. {@link settle} finds it and ends the commit. The
 * hashes are not secret and prove nothing: that files belong together is for who unseals them.
 */
export function createFileStore(directory: DurableDirectory): StateStore {
  // What is in force, while that is certain: nobody else writes.
  let known: { readonly version: string | undefined } | undefined;
  const read = async (): Promise<StoredState | undefined> =>
    await asStoreError("the state cannot be read", async () => {
      const found = await settle(directory);
      known = { version: found?.version };
      return found;
    });
  const version = async () => (known ?? (await read()))?.version;
  return {
    machines: undefined,
    version,
    read,
    commit: async (expected, next) => {
      if ((await version()) !== expected) throw conflictError();
      known = undefined;
      return await asStoreError("the state cannot be written", async () => {
        const written = await write(directory, next);
        known = { version: written };
        return written;
      });
    },
    // Nobody else writes here.
    watch: () => () => undefined,
    close: async () => undefined,
  };
}

async function write(directory: DurableDirectory, next: SealedState): Promise<string> {
  const record = concatBytes(hashOf(next.data), hashOf(next.key), next.witness);
  await directory.write(DATA + PENDING, next.data);
  await directory.write(KEY + PENDING, next.key);
  await directory.write(RECORD + PENDING, record);
  await directory.sync();
  for (const name of [RECORD, DATA, KEY]) await directory.rename(name + PENDING, name);
  await directory.sync();
  return versionOf(record);
}

/** Reads the directory; ends or undoes a commit that was cut off. */
async function settle(directory: DurableDirectory): Promise<StoredState | undefined> {
  const [datas, keys, records] = await Promise.all(
    [DATA, KEY, RECORD].map(async (name) => await candidates(directory, name)),
  );
  const complete = (records ?? [])
    .map((record) => ({ record, data: named(record, datas, 0), key: named(record, keys, 1) }))
    .find(({ data, key }) => data !== undefined && key !== undefined);
  const chosen = complete ?? {
    record: current(records),
    data: current(datas),
    key: current(keys),
  };
  await adopt(directory, { [DATA]: chosen.data, [KEY]: chosen.key, [RECORD]: chosen.record });
  const { record, data, key } = chosen;
  if (data === undefined) {
    // No commit leaves this. A fresh start would forget a mesh.
    if (record === undefined && key === undefined) return undefined;
    throw new CoordinatorError("STATE_TAMPERED", "sealed_data is gone, other files are there");
  }
  return {
    version: record === undefined ? NO_RECORD : versionOf(record.bytes),
    data: data.bytes,
    key: key?.bytes,
    witness: record?.bytes.subarray(RECORD_HEADER_BYTES),
  };
}

/** The current file, then the pending one. */
async function candidates(directory: DurableDirectory, name: string): Promise<readonly Found[]> {
  const [inForce, pending] = await Promise.all([
    directory.read(name),
    directory.read(name + PENDING),
  ]);
  return [
    ...(inForce === undefined ? [] : [{ pending: false, bytes: inForce }]),
    ...(pending === undefined ? [] : [{ pending: true, bytes: pending }]),
  ];
}

function current(files: readonly Found[] | undefined): Found | undefined {
  return files?.find(({ pending }) => !pending);
}

function named(
  record: Found,
  files: readonly Found[] | undefined,
  index: number,
): Found | undefined {
  const hash = record.bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  return files?.find(({ bytes }) => equalBytes(hashOf(bytes), hash));
}

/** Makes the chosen files current and removes what is pending besides. */
async function adopt(
  directory: DurableDirectory,
  chosen: Readonly<Record<string, Found | undefined>>,
): Promise<void> {
  const moved = Object.entries(chosen).filter(([, found]) => found?.pending === true);
  for (const [name] of moved) await directory.rename(name + PENDING, name);
  if (moved.length > 0) await directory.sync();
  for (const name of Object.keys(chosen)) await directory.remove(name + PENDING);
}

function versionOf(record: Uint8Array): string {
  return hashOf(record).toString("hex");
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
