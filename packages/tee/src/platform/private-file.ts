import { randomBytes } from "node:crypto";
import { link, open, readFile, rename, rm, stat } from "node:fs/promises";
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
    if (isErrno(cause, "ENOENT")) return undefined;
    throw cause;
  }
}

/** {@link readPrivate} of a file that was there a moment ago. Throws `PLATFORM_STATE_INVALID`. */
export async function mustReadPrivate(file: string): Promise<Uint8Array> {
  const content = await readPrivate(file);
  if (content === undefined) throw invalidState("a file vanished while the platform was opened");
  return content;
}

/** Writes a file whole or not at all; false when it exists and may not be replaced. */
export async function writePrivate(
  file: string,
  content: Uint8Array,
  { replace }: { readonly replace: boolean },
): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    if (replace) await rename(draft, file);
    else await link(draft, file);
    return true;
  } catch (cause) {
    if (isErrno(cause, "EEXIST")) return false;
    throw cause;
  } finally {
    await rm(draft, { force: true });
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
