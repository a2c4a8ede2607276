import { randomBytes } from "node:crypto";
import { isSystemError } from "@carrara/files";
import { TeeError } from "../error.ts";
import type { FileOps, OpenFile } from "./file-ops.ts";
import { ioError } from "./io-error.ts";
import { readOpenText, readText } from "./whole-file.ts";

const DIRECTORY = "/sys/kernel/config/tsm/report";
/** Random names do not collide: another name twice is more than enough. */
const NAME_ATTEMPTS = 3;
const NAME_BYTES = 8;

const ENTRY_HINTS = {
  EACCES: "run as root, or give this user the directory /sys/kernel/config/tsm/report",
  EPERM: "run as root, or give this user the directory /sys/kernel/config/tsm/report",
  EROFS: "mount configfs with write access, in containers too",
};

/** An entry of our own in configfs-tsm. */
export interface TsmEntry {
  readonly path: string;
  /**
   * Requires that this is still the entry that was made, and that it saw no fewer than `fewest` and
   * no more than `most` writes. To be called once, last of all. Throws `EVIDENCE_RACE`,
   * `EVIDENCE_IO`.
   */
  requireUndisturbed(fewest: number, most: number): Promise<void>;
}

/**
 * Gives `use` an entry of its own in configfs-tsm, which is the kernel's protection from races, and
 * removes it whatever happens. Throws `EVIDENCE_UNAVAILABLE` when the kernel has no provider,
 * `EVIDENCE_RACE` when somebody was faster, and `EVIDENCE_IO`.
 */
export async function withTsmEntry<T>(
  ops: FileOps,
  use: (entry: TsmEntry) => Promise<T>,
): Promise<T> {
  const path = await makeEntry(ops);
  let result: T;
  try {
    result = await watch(ops, path, use);
  } catch (error) {
    await removeEntry(ops, path).catch(() => undefined);
    throw error;
  }
  await removeEntry(ops, path);
  return result;
}

async function makeEntry(ops: FileOps): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const path = `${DIRECTORY}/carrara-${randomBytes(NAME_BYTES).toString("hex")}`;
    try {
      await ops.mkdir(path);
      return path;
    } catch (cause) {
      if (isSystemError(cause, "ENOENT", "ENOTDIR", "ENXIO")) {
        const message = "configfs-tsm has no provider of reports";
        throw new TeeError("EVIDENCE_UNAVAILABLE", message, { cause });
      }
      if (attempt < NAME_ATTEMPTS && isSystemError(cause, "EBUSY", "EEXIST")) continue;
      throw ioError("making an entry in configfs-tsm", cause, ENTRY_HINTS);
    }
  }
}

/**
 * A descriptor that is opened first and read last stays with the entry that was made, and is dead
 * when that was removed: so no other entry of the same name can have stood in for it in between.
 */
async function watch<T>(
  ops: FileOps,
  path: string,
  use: (entry: TsmEntry) => Promise<T>,
): Promise<T> {
  const witness = await generation(async () => await ops.open(`${path}/generation`, "read"));
  try {
    requireCount(await generation(async () => await readText(ops, `${path}/generation`)), 0, 0);
    return await use({
      path,
      async requireUndisturbed(fewest, most) {
        requireCount(await generation(async () => await readOpenText(witness)), fewest, most);
      },
    });
  } finally {
    await closeQuietly(witness);
  }
}

async function generation<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (!isSystemError(cause, "ENOENT")) throw ioError("reading generation", cause);
    throw new TeeError("EVIDENCE_RACE", "another process removed the entry", { cause });
  }
}

function requireCount(text: string, fewest: number, most: number): void {
  if (!/^\d{1,20}$/.test(text)) throw new TeeError("EVIDENCE_IO", "generation is not a number");
  const writes = Number(text);
  if (writes >= fewest && writes <= most) return;
  throw new TeeError("EVIDENCE_RACE", `the entry saw ${text} writes, ${most} were made here`);
}

/** Nothing that was read depends on how a descriptor closes. */
async function closeQuietly(file: OpenFile): Promise<void> {
  await file.close().catch(() => undefined);
}

/** Attributes cannot be unlinked: the directory goes as it is. */
async function removeEntry(ops: FileOps, path: string): Promise<void> {
  try {
    await ops.rmdir(path);
  } catch (cause) {
    if (isSystemError(cause, "ENOENT")) return;
    throw ioError("removing an entry of configfs-tsm", cause);
  }
}
