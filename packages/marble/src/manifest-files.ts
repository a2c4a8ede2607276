import { mkdir, open } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { MarbleError } from "./error.ts";

/**
 * Writes the files of the manifest: parents with mode 0700, files with mode 0600 (spec marblerun
 * section 10.2). Relative paths start at `cwd`. Throws `FILE_WRITE_FAILED`.
 */
export async function writeManifestFiles(
  files: Readonly<Record<string, Uint8Array>>,
  cwd: string,
): Promise<void> {
  // In the order of the names, so that a failure is the same one at every start.
  for (const name of Object.keys(files).sort()) {
    try {
      await writeSecretFile(resolve(cwd, name), files[name] ?? new Uint8Array());
    } catch (cause) {
      throw new MarbleError("FILE_WRITE_FAILED", `cannot write the file ${name} of the manifest`, {
        cause,
      });
    }
  }
}

async function writeSecretFile(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, "w", 0o600);
  try {
    // A file that was there keeps its mode: narrow it before secrets go in.
    await file.chmod(0o600);
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}
