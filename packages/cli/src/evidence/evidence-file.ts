import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { addAbortSignal } from "node:stream";
import { concatBytes } from "@carrara/encoding";
import { CliError } from "../cli-error.ts";
import type { CliIo } from "../cli-io.ts";
import { printable } from "../printable.ts";

/** Largest file of evidence or policy that is read, in bytes; evidence is below 64 KiB, twice that as hex. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * The bytes of FILE, of standard input for `-`. Throws `FILE_UNREADABLE`, for more than 1 MiB too;
 * what never ends is not read to its end.
 */
export async function readEvidenceFile(io: CliIo, file: string): Promise<Uint8Array> {
  const name = file === "-" ? "standard input" : printable(file);
  const stream = file === "-" ? io.stdin() : createReadStream(resolve(io.cwd, file));
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of addAbortSignal(io.signal, stream)) {
      const bytes = chunk as Uint8Array;
      size += bytes.length;
      if (size > MAX_FILE_BYTES) break;
      chunks.push(bytes);
    }
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
    const message = code === "ENOENT" ? `no such file: ${name}` : `cannot read ${name} (${code})`;
    throw new CliError("FILE_UNREADABLE", message, { cause });
  }
  if (size <= MAX_FILE_BYTES) return concatBytes(...chunks);
  throw new CliError("FILE_UNREADABLE", `${name} has more than ${MAX_FILE_BYTES} bytes`);
}
