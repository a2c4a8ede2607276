import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
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

/** A file of the manifest that is to change. */
export interface FileChange {
  readonly name: string;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** Files that wait beside those they will replace. */
export interface StagedFiles {
  /** Puts each in its place in one step; answers the names of those that could not be. */
  commit(): Promise<readonly string[]>;
}

/**
 * Writes the new content of files beside them, with mode 0600. A file that is no longer as the
 * manifest made it is the application's and left alone. Throws `FILE_WRITE_FAILED` and leaves nothing.
 */
export async function stageManifestFiles(
  changes: readonly FileChange[],
  cwd: string,
): Promise<StagedFiles> {
  const staged: { readonly name: string; readonly path: string; readonly temporary: string }[] = [];
  for (const { name, before, after } of changes) {
    const path = resolve(cwd, name);
    const current = await readFile(path).catch(() => undefined);
    if (current === undefined || !current.equals(before)) continue;
    const temporary = `${path}.${randomUUID()}`;
    staged.push({ name, path, temporary });
    try {
      await writeSecretFile(temporary, after);
    } catch (cause) {
      await Promise.all(staged.map(async (each) => await rm(each.temporary, { force: true })));
      throw new MarbleError("FILE_WRITE_FAILED", `cannot renew the file ${name} of the manifest`, {
        cause,
      });
    }
  }
  return {
    async commit() {
      const failed: string[] = [];
      for (const { name, path, temporary } of staged) {
        await rename(temporary, path).catch(async () => {
          failed.push(name);
          await rm(temporary, { force: true });
        });
      }
      return failed;
    },
  };
}
