import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { encodeQuote, encodeSnpReport } from "@carrara/attestation";
import type { ReadFile } from "./index-case.ts";
import { type IndexResult, runIndex } from "./run-index.ts";

/** Reads files of the folder of the index at `path`. */
export function fileReader(path: string): ReadFile {
  return async (file) => new Uint8Array(await readFile(join(dirname(path), file)));
}

/** Runs the vector index at `path`, with the whole library and files of the index's folder. */
export async function runIndexFile(path: string): Promise<IndexResult> {
  return await runIndex({
    index: basename(path),
    read: fileReader(path),
    encoders: { encodeQuote, encodeSnpReport },
  });
}
