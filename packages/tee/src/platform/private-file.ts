import { readFile, stat } from "node:fs/promises";
import { isSystemError } from "@carrara/files";
import { TeeError } from "../error.ts";

const MAX_FILE_BYTES = 64 * 1024;

/** A file of a platform that is damaged, or that others than its owner could have seen. */
export function invalidState(message: string): TeeError {
  return new TeeError("PLATFORM_STATE_INVALID", message);
}

/**
 * The content of a file that only its owner can read; undefined when there is none. Throws
 * `PLATFORM_STATE_INVALID`.
 */
export async function readPrivate(file: string): Promise<Uint8Array | undefined> {
  try {
    const { mode, size } = await stat(file);
    if ((mode & 0o077) !== 0) throw invalidState("a key file is open to others, mode 0600 needed");
    if (size > MAX_FILE_BYTES) throw invalidState(`a key file has ${size} bytes`);
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    if (isSystemError(cause, "ENOENT")) return undefined;
    throw cause;
  }
}

/** {@link readPrivate} of a file that was there a moment ago. Throws `PLATFORM_STATE_INVALID`. */
export async function mustReadPrivate(file: string): Promise<Uint8Array> {
  const content = await readPrivate(file);
  if (content === undefined) throw invalidState("a file vanished while the platform was opened");
  return content;
}
