import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isSystemError, replaceFile } from "@carrara/files";
import { MarbleError } from "./error.ts";
import { parseUuid } from "./uuid.ts";

/** Longest file that can hold a UUID in any accepted form, in bytes. */
const MAX_UUID_BYTES = 45;

/**
 * The identity of this marble over its restarts: the UUID in the file at `path`, or `fresh` (36
 * characters), which is then written there with mode 0600 and no newline. Throws
 * `UUID_FILE_INVALID` when the file holds anything else, `UUID_FILE_FAILED` when it cannot be used.
 */
export async function loadUuid(path: string, fresh: string): Promise<string> {
  try {
    return (await readUuid(path)) ?? (await writeUuid(path, fresh));
  } catch (cause) {
    if (cause instanceof MarbleError) throw cause;
    throw new MarbleError("UUID_FILE_FAILED", `cannot read or write the UUID file ${path}`, {
      cause,
    });
  }
}

async function readUuid(path: string): Promise<string | undefined> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  const uuid = bytes.length <= MAX_UUID_BYTES ? parseUuid(bytes.toString("latin1")) : undefined;
  if (uuid !== undefined) return uuid;
  throw new MarbleError(
    "UUID_FILE_INVALID",
    `UUID file ${path} holds ${bytes.length} bytes that are no UUID`,
  );
}

async function writeUuid(path: string, fresh: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Complete or absent: a half-written file would keep the marble from ever starting again.
  await replaceFile(path, fresh);
  return fresh;
}
