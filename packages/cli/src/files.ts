import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { replaceFile, systemCodeOf } from "@carrara/files";
import { CliError } from "./cli-error.ts";

/** Largest file a command reads, in bytes: an enclave image with its assets. */
const MAX_INPUT_BYTES = 64 * 1024 * 1024;

/** The bytes of `path`. Throws `FILE_UNREADABLE`. */
export async function readInput(path: string): Promise<Uint8Array> {
  const bytes = await readOptional(path);
  if (bytes === undefined) throw new CliError("FILE_UNREADABLE", `no such file: ${path}`);
  return bytes;
}

/** The UTF-8 text of `path`, byte for byte. Throws `FILE_UNREADABLE`. */
export async function readText(path: string): Promise<string> {
  const bytes = await readInput(path);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CliError("FILE_UNREADABLE", `${path} is not UTF-8 text`, { cause });
  }
}

/** The bytes of `path`, undefined when there is no such file. Throws `FILE_UNREADABLE`. */
export async function readOptional(path: string): Promise<Uint8Array | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await readFile(path));
  } catch (cause) {
    if (systemCodeOf(cause) === "ENOENT") return undefined;
    throw new CliError("FILE_UNREADABLE", `cannot read ${path} (${systemCodeOf(cause)})`, {
      cause,
    });
  }
  if (bytes.length > MAX_INPUT_BYTES) {
    throw new CliError(
      "FILE_UNREADABLE",
      `${path} has ${bytes.length} bytes, ${MAX_INPUT_BYTES} allowed`,
    );
  }
  return bytes;
}

/**
 * Replaces `path` in one step, mode 0600, and creates its directories with mode 0700. Throws
 * `FILE_UNWRITABLE`.
 */
export async function writeOutput(path: string, content: Uint8Array | string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await replaceFile(path, content);
  } catch (cause) {
    throw new CliError("FILE_UNWRITABLE", `cannot write ${path} (${systemCodeOf(cause)})`, {
      cause,
    });
  }
}

/** Creates `path`, mode 0600, where nothing is yet. Throws `FILE_EXISTS`, `FILE_UNWRITABLE`. */
export async function writeNew(path: string, content: Uint8Array | string): Promise<void> {
  try {
    await writeFile(path, content, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    if (systemCodeOf(cause) === "EEXIST") {
      throw new CliError("FILE_EXISTS", `${path} exists already and is not overwritten`, { cause });
    }
    throw new CliError("FILE_UNWRITABLE", `cannot write ${path} (${systemCodeOf(cause)})`, {
      cause,
    });
  }
}
