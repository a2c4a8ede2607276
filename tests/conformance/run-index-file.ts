import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { encodeQuote, encodeSnpReport } from "@carrara/attestation";
import { type IndexResult, runIndex } from "./run-index.ts";

/** Runs the vector index at `path`, with the whole library and files of the index's folder. */
export async function runIndexFile(path: string): Promise<IndexResult> {
  const read = async (file: string): Promise<Uint8Array> =>
    new Uint8Array(await readFile(join(dirname(path), file)));
  return await runIndex({
    index: basename(path),
    read,
    encoders: { encodeQuote, encodeSnpReport },
  });
}
