import { type DurableDirectory, openDurableDirectory } from "./durable-directory.ts";
import type { FilePlace, StateStore } from "./state-store.ts";

/** File names that operators and recovery drills rely on, and what a commit writes first. */
const DATA = { current: "sealed_data", pending: "sealed_data.new" } as const;
const KEY = { current: "sealed_key", pending: "sealed_key.new" } as const;

/** The store of section 8.1: two files in `path`, a directory of mode 0700. */
export async function openFileStore(path: string): Promise<StateStore> {
  return createFileStore(await openDurableDirectory(path));
}

/**
 * A store over a directory. A commit flushes both new files before it renames the first, so that
 * whatever cuts it off leaves either the old pair, or the new data with its key still pending, or the
 * new pair; the key names its data, which tells them apart.
 */
export function createFileStore(directory: DurableDirectory): StateStore {
  const adopt = async (names: typeof DATA | typeof KEY, place: FilePlace) => {
    if (place === "pending") await directory.rename(names.pending, names.current);
  };
  return {
    read: async () => ({
      data: {
        current: await directory.read(DATA.current),
        pending: await directory.read(DATA.pending),
      },
      key: {
        current: await directory.read(KEY.current),
        pending: await directory.read(KEY.pending),
      },
    }),
    settle: async (data, key) => {
      await adopt(DATA, data);
      await adopt(KEY, key);
      await directory.sync();
      await directory.remove(DATA.pending);
      await directory.remove(KEY.pending);
      await directory.sync();
    },
    commit: async (pair) => {
      await directory.write(DATA.pending, pair.data);
      await directory.write(KEY.pending, pair.key);
      await directory.sync();
      await directory.rename(DATA.pending, DATA.current);
      await directory.rename(KEY.pending, KEY.current);
      await directory.sync();
    },
  };
}
