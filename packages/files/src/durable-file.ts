import { randomBytes } from "node:crypto";
import { link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isSystemError } from "./system-error.ts";

const MODE = 0o600;

/** Writes a whole file of mode 0600 and flushes its content; its name needs {@link flushDirectory}. */
export async function writeFlushed(path: string, content: Uint8Array | string): Promise<void> {
  await writeTo(path, "w", content);
}

/** Flushes a directory: names written, renamed and removed in it so far survive a power loss. */
export async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Puts `content` under `path`, mode 0600, whole or not at all; for good when it resolves. */
export async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  await withDraft(path, content, async (draft) => await rename(draft, path));
}

/** {@link replaceFile} where nothing is yet; false where something is, which stays. */
export async function createFile(path: string, content: Uint8Array | string): Promise<boolean> {
  try {
    await withDraft(path, content, async (draft) => await link(draft, path));
    return true;
  } catch (cause) {
    if (isSystemError(cause, "EEXIST")) return false;
    throw cause;
  }
}

async function withDraft(
  path: string,
  content: Uint8Array | string,
  publish: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await writeTo(draft, "wx", content);
    await publish(draft);
    await flushDirectory(dirname(path));
  } finally {
    // Where its directory is a file, there is nothing to remove and the first reason counts.
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

async function writeTo(path: string, flags: string, content: Uint8Array | string): Promise<void> {
  const file = await open(path, flags, MODE);
  try {
    await file.writeFile(content);
    await file.datasync();
  } finally {
    await file.close();
  }
}
