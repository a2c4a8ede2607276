import type { FileOps } from "./file-ops.ts";
import { errnoOf } from "./io-error.ts";
import { readText } from "./whole-file.ts";

/** Whether a kernel is older than `major`.`minor`, as far as is known. */
export async function isKernelOlder(ops: FileOps, major: number, minor: number): Promise<boolean> {
  const release = await kernelRelease(ops);
  if (release === undefined) return false;
  return release[0] < major || (release[0] === major && release[1] < minor);
}

/** Major and minor number; undefined where they cannot be read. */
async function kernelRelease(
  ops: FileOps,
): Promise<readonly [major: number, minor: number] | undefined> {
  let text: string;
  try {
    text = await readText(ops, "/proc/sys/kernel/osrelease");
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
  const match = /^(\d{1,4})\.(\d{1,4})(?:[.-]|$)/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}
