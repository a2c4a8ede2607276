import type { LedgerFile, LedgerFiles } from "../store/ledger-files.ts";

/** A directory in memory; `files` is open to tests that change, lose or restore a file. */
export function createMemoryFiles(files: Map<string, Uint8Array> = new Map()): LedgerFiles {
  const bytesOf = (name: string): Uint8Array => {
    const bytes = files.get(name);
    if (bytes === undefined) {
      throw Object.assign(new Error(`no file ${name}`), { code: "ENOENT" });
    }
    return bytes;
  };
  const write = (name: string, bytes: Uint8Array, position: number): void => {
    const before = bytesOf(name);
    const end = Math.max(before.length, position + bytes.length);
    let after = new Uint8Array(before.buffer, before.byteOffset, before.length);
    if (before.byteOffset + end > before.buffer.byteLength) {
      after = new Uint8Array(new ArrayBuffer(2 * end), 0, end);
      after.set(before);
    } else if (end > before.length) {
      after = new Uint8Array(before.buffer, before.byteOffset, end);
    }
    after.set(bytes, position);
    files.set(name, after);
  };
  const handle = (name: string): LedgerFile => ({
    write: async (bytes, position) => write(name, bytes, position),
    note: async (bytes, position) => write(name, bytes, position),
    // Memory needs no blocks; a file that grows by copies would only be slow.
    reserve: async () => undefined,
    truncate: async (size) => void files.set(name, bytesOf(name).slice(0, size)),
    close: async () => undefined,
  });
  return {
    lock: async () => async () => undefined,
    list: async () => [...files.keys()],
    read: async (name, offset, length) => bytesOf(name).slice(offset, offset + length),
    size: async (name) => bytesOf(name).length,
    create: async (name) => {
      if (files.has(name)) throw Object.assign(new Error("file exists"), { code: "EEXIST" });
      files.set(name, new Uint8Array(0));
      return handle(name);
    },
    open: async (name) => {
      if (!files.has(name)) files.set(name, new Uint8Array(0));
      return handle(name);
    },
    replace: async (name, bytes) => void files.set(name, bytes.slice()),
    rename: async (from, to) => {
      files.set(to, bytesOf(from));
      files.delete(from);
    },
    truncate: async (name, size) => void files.set(name, bytesOf(name).slice(0, size)),
  };
}
