import type { DurableDirectory } from "@carrara/files";

/** A directory in memory; `files` is open to tests that change, lose or restore a file. */
export function createMemoryDirectory(
  files: Map<string, Uint8Array> = new Map(),
): DurableDirectory {
  return {
    read: async (name) => files.get(name),
    write: async (name, bytes) => void files.set(name, bytes.slice()),
    rename: async (from, to) => {
      const bytes = files.get(from);
      if (bytes === undefined) throw new TypeError(`no file ${from} to rename`);
      files.delete(from);
      files.set(to, bytes);
    },
    remove: async (name) => void files.delete(name),
    sync: async () => undefined,
  };
}
