// The script of a page that runs the vectors: the runners of `npm run conformance`, files by HTTP.
import { type IndexResult, runIndex } from "../conformance/run-index.ts";

async function read(file: string): Promise<Uint8Array> {
  const response = await fetch(`vectors/${file}`);
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Runs every case of the index. */
export async function runVectors(): Promise<IndexResult> {
  return await runIndex({ index: "INDEX.json", read });
}
