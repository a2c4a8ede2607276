import type { FileOps } from "../evidence/file-ops.ts";

/** One system call that is about to happen. */
export interface FileCall {
  readonly call: "open" | "read" | "write" | "close" | "mkdir" | "rmdir";
  readonly path: string;
  /** 0 for the first call of all. */
  readonly index: number;
}

/**
 * The calls of `ops` with `before` ahead of each: a competitor acts there, between any two calls
 * of the code under test, and an error thrown there is the call's own.
 */
export function interceptFileOps(
  ops: FileOps,
  before: (call: FileCall) => void | Promise<void>,
): FileOps {
  let count = 0;
  const announce = async (call: FileCall["call"], path: string): Promise<void> => {
    const index = count;
    count += 1;
    await before({ call, path, index });
  };
  return {
    async open(path, access) {
      await announce("open", path);
      const file = await ops.open(path, access);
      return {
        async read(into) {
          await announce("read", path);
          return await file.read(into);
        },
        async write(bytes) {
          await announce("write", path);
          return await file.write(bytes);
        },
        async close() {
          // A descriptor is gone whatever close says.
          try {
            await announce("close", path);
          } finally {
            await file.close();
          }
        },
      };
    },
    async mkdir(path) {
      await announce("mkdir", path);
      await ops.mkdir(path);
    },
    async rmdir(path) {
      await announce("rmdir", path);
      await ops.rmdir(path);
    },
  };
}
