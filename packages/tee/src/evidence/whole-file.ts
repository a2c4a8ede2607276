import { setTimeout as sleep } from "node:timers/promises";
import { isSystemError } from "@carrara/files";
import { TeeError } from "../error.ts";
import type { FileOps, OpenFile } from "./file-ops.ts";

/** Tries of a read that was interrupted, and the wait between two of them, in milliseconds. */
const READ_ATTEMPTS = 5;
const READ_RETRY_MS = 10;
/** Longest text of an attribute, in bytes: provider names and numbers are far below. */
const MAX_TEXT_BYTES = 256;

/**
 * The content of a file, read to its end with a descriptor of its own, since sizes of pseudo-files
 * mean nothing. Reads that were interrupted (EINTR, EWOULDBLOCK) start again. No other copy of the
 * bytes stays in memory. Rejects with errno errors, and `EVIDENCE_IO` above `maxBytes`.
 */
export async function readWhole(ops: FileOps, path: string, maxBytes: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(maxBytes + 1);
  try {
    const length = await fillPatiently(ops, path, buffer);
    if (length <= maxBytes) return buffer.slice(0, length);
    throw new TeeError("EVIDENCE_IO", `file has more than ${maxBytes} bytes`);
  } finally {
    buffer.fill(0);
  }
}

/** The text of an attribute without the newline at its end. Rejects as {@link readWhole} does. */
export async function readText(ops: FileOps, path: string): Promise<string> {
  return textOf(await readWhole(ops, path, MAX_TEXT_BYTES));
}

/** {@link readText} of a file that is open already and was not read before. */
export async function readOpenText(file: OpenFile): Promise<string> {
  const buffer = new Uint8Array(MAX_TEXT_BYTES);
  return textOf(buffer.subarray(0, await fillFrom(file, buffer)));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes).replace(/\n$/, "");
}

/**
 * Opens, writes `bytes` in exactly one call, and closes: these files take a write as the whole
 * value. Rejects with errno errors, and `EVIDENCE_IO` when fewer bytes were taken.
 */
export async function writeOnce(ops: FileOps, path: string, bytes: Uint8Array): Promise<void> {
  const file = await ops.open(path, "write");
  let taken: number;
  try {
    taken = await file.write(bytes);
  } finally {
    await file.close();
  }
  if (taken === bytes.length) return;
  throw new TeeError("EVIDENCE_IO", `file took ${taken} bytes, ${bytes.length} needed`);
}

async function fillPatiently(ops: FileOps, path: string, buffer: Uint8Array): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fill(ops, path, buffer);
    } catch (error) {
      if (attempt === READ_ATTEMPTS || !isSystemError(error, "EINTR", "EAGAIN", "EWOULDBLOCK")) {
        throw error;
      }
      await sleep(READ_RETRY_MS);
    }
  }
}

async function fill(ops: FileOps, path: string, buffer: Uint8Array): Promise<number> {
  const file = await ops.open(path, "read");
  try {
    return await fillFrom(file, buffer);
  } finally {
    await file.close();
  }
}

async function fillFrom(file: OpenFile, buffer: Uint8Array): Promise<number> {
  let length = 0;
  while (length < buffer.length) {
    const count = await file.read(buffer.subarray(length));
    if (count === 0) break;
    length += count;
  }
  return length;
}
