import { constants } from "node:os";
import type { EmulatedKernel } from "./emulated-kernel.ts";
import { errnoError, type KernelOpenFile } from "./kernel-node.ts";

/** What the relay of a mount asks for: one system call, or one step that the kernel does alone. */
export type FuseQuestion = { readonly id: number } & (
  | { readonly call: "stat" | "list" | "mkdir" | "rmdir"; readonly path: string }
  | { readonly call: "open"; readonly path: string; readonly write: boolean }
  | {
      readonly call: "read";
      readonly handle: number;
      readonly length: number;
      readonly position: number;
    }
  | {
      readonly call: "write";
      readonly handle: number;
      readonly bytes: Uint8Array;
      readonly position: number;
    }
  | { readonly call: "close" | "forget"; readonly handle: number }
);

/** The answer: `errno` is 0 or a negative number, as FUSE has it. */
export type FuseAnswer = {
  readonly id: number;
  readonly errno: number;
  readonly [field: string]: unknown;
};

/** Answers a relay's questions from an emulated kernel. */
export function answerFuse(kernel: EmulatedKernel): (question: FuseQuestion) => FuseAnswer {
  const files = new Map<number, KernelOpenFile>();
  let nextHandle = 1;
  const fileOf = (handle: number): KernelOpenFile => {
    const file = files.get(handle);
    if (file === undefined) throw errnoError("EBADF");
    return file;
  };

  const answer = (question: FuseQuestion): Readonly<Record<string, unknown>> => {
    switch (question.call) {
      case "stat": {
        const node = kernel.find(question.path);
        if (node === undefined) throw errnoError("ENOENT");
        if (node.kind === "directory") return { directory: true, mode: 0o755 };
        return { directory: false, mode: node.mode };
      }
      case "list": {
        const node = kernel.find(question.path);
        if (node?.kind !== "directory") throw errnoError("ENOTDIR");
        return { names: node.list() };
      }
      case "mkdir":
        kernel.mkdir(question.path);
        return {};
      case "rmdir":
        kernel.rmdir(question.path);
        return {};
      case "open": {
        const handle = nextHandle;
        nextHandle += 1;
        files.set(handle, kernel.open(question.path, question.write ? "write" : "read"));
        return { handle };
      }
      case "read":
        return { bytes: fileOf(question.handle).read(question.length, question.position) };
      case "write":
        return { taken: fileOf(question.handle).write(question.bytes, question.position) };
      case "close":
        fileOf(question.handle).close();
        return {};
      case "forget":
        files.delete(question.handle);
        return {};
    }
  };
  return (question) => {
    try {
      return { id: question.id, errno: 0, ...answer(question) };
    } catch (error) {
      return { id: question.id, errno: errnoNumber(error) };
    }
  };
}

/** The number of an error's errno name, negative; EIO for one without. */
function errnoNumber(error: unknown): number {
  const known: Readonly<Record<string, number>> = constants.errno;
  const code = error instanceof Error && "code" in error ? String(error.code) : "EIO";
  return -(known[code] ?? constants.errno.EIO);
}
