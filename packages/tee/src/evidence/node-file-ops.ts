import { constants } from "node:fs";
import { mkdir, open, rmdir } from "node:fs/promises";
import type { FileOps } from "./file-ops.ts";

const FLAGS = { read: constants.O_RDONLY, write: constants.O_WRONLY } as const;

/** The calls of `node:fs`, with every path below `root` (default: the real one). */
export function createNodeFileOps(root = ""): FileOps {
  return Object.freeze<FileOps>({
    async open(path, access) {
      const handle = await open(`${root}${path}`, FLAGS[access]);
      return {
        // A null position is the descriptor's own: a stream of reads, never a seek.
        read: async (into) => (await handle.read(into, 0, into.length, null)).bytesRead,
        write: async (bytes) => (await handle.write(bytes, 0, bytes.length, null)).bytesWritten,
        close: async () => await handle.close(),
      };
    },
    async mkdir(path) {
      await mkdir(`${root}${path}`);
    },
    async rmdir(path) {
      await rmdir(`${root}${path}`);
    },
  });
}
