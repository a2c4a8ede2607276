import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import process from "node:process";

/** The Node binary that runs enclaves, as it enters their measurements. */
export interface NodeExecutable {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: Uint8Array;
}

/**
 * Reads and hashes the Node binary at `path`, by default the one that runs this process (about
 * 100 MB, a tenth of a second): do it once and hand the result around.
 */
export async function loadNodeExecutable(path: string = process.execPath): Promise<NodeExecutable> {
  const content = await readFile(path);
  const sha256 = new Uint8Array(createHash("sha256").update(content).digest());
  return { path, bytes: content.length, sha256 };
}
