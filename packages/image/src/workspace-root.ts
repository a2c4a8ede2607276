import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/**
 * The nearest folder at or above `dir` whose package.json has workspaces, else `dir` itself. Paths
 * that end up in a bundle are relative to it, so that where a clone lies does not matter.
 */
export async function findWorkspaceRoot(dir: string): Promise<string> {
  let candidate = resolve(dir);
  for (;;) {
    if (await hasWorkspaces(join(candidate, "package.json"))) return candidate;
    const parent = dirname(candidate);
    if (parent === candidate) return resolve(dir);
    candidate = parent;
  }
}

async function hasWorkspaces(file: string): Promise<boolean> {
  try {
    const document: unknown = JSON.parse(await readFile(file, "utf8"));
    return typeof document === "object" && document !== null && "workspaces" in document;
  } catch {
    // No such file, or one that npm would refuse too: not a workspace root either way.
    return false;
  }
}
