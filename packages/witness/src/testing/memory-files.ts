import type { StateFiles } from "../state-files.ts";

/** State files in memory that know what a power cut would leave. */
export interface MemoryFiles extends StateFiles {
  /** What was done, in order. */
  readonly operations: readonly string[];
  /** Fails the next operation of this kind, which is then half done. */
  failNext(operation: "write" | "rename" | "sync"): void;
  /** The files after a power cut: names that were not flushed are as they were before. */
  afterPowerCut(): MemoryFiles;
}

type Names = ReadonlyMap<string, Uint8Array>;

/** Creates an empty directory. */
export function createMemoryFiles(durable: Names = new Map()): MemoryFiles {
  let kept: Names = durable;
  let names: Names = durable;
  const operations: string[] = [];
  const failing = new Set<string>();
  const begin = async (operation: string, detail: string): Promise<void> => {
    // Files are slow: whoever does not wait for them is found out.
    await new Promise((resolve) => setImmediate(resolve));
    operations.push(`${operation} ${detail}`.trim());
    if (failing.delete(operation)) throw new Error(`${operation} failed`);
  };
  return {
    operations,
    failNext: (operation) => void failing.add(operation),
    afterPowerCut: () => createMemoryFiles(kept),
    read: async (name) => await Promise.resolve(names.get(name)),
    async write(name, bytes) {
      await begin("write", name);
      names = new Map([...names, [name, bytes]]);
    },
    async rename(from, to) {
      await begin("rename", to);
      const bytes = names.get(from);
      if (bytes === undefined) throw new Error(`no file ${from}`);
      names = new Map([...[...names].filter(([name]) => name !== from), [to, bytes]]);
    },
    async sync() {
      await begin("sync", "");
      kept = names;
    },
  };
}
