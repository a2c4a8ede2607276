import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { delimiter, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import type { ImageConfig } from "./app-config.ts";
import { ImageError } from "./error.ts";

const run = promisify(execFile);
/** A page builds in seconds. */
const COMMAND_TIMEOUT_MS = 120_000;

/** Name of the module through which a bundle reads its assets. */
export const ASSETS_MODULE = "carrara:assets";

/**
 * Source of the module {@link ASSETS_MODULE} for an image: `assets`, a map from path to bytes. Runs
 * the command that makes the assets first, found in `node_modules/.bin` of `binDirs`, without a
 * shell. Throws `ASSETS_FAILED`.
 */
export async function assetsModule(
  appDir: string,
  assets: ImageConfig["assets"],
  binDirs: readonly string[],
): Promise<string> {
  const entries = assets === undefined ? [] : await readAssets(appDir, assets, binDirs);
  const rows = entries.map(
    ([path, bytes]) => `[${JSON.stringify(path)},"${bytes.toString("base64")}"]`,
  );
  return [
    `const rows = [${rows.join(",\n")}];`,
    "export const assets = new Map(rows.map(([path, text]) => [path, Uint8Array.from(Buffer.from(text, 'base64'))]));",
  ].join("\n");
}

async function readAssets(
  appDir: string,
  { dir, command }: NonNullable<ImageConfig["assets"]>,
  binDirs: readonly string[],
): Promise<[string, Buffer][]> {
  const root = join(appDir, dir);
  try {
    if (command !== undefined) await makeAssets(appDir, command, binDirs);
    const found = await readdir(root, { recursive: true, withFileTypes: true });
    const paths = found
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"));
    return await Promise.all(
      paths
        .toSorted()
        .map(async (path): Promise<[string, Buffer]> => [path, await readFile(join(root, path))]),
    );
  } catch (cause) {
    throw new ImageError("ASSETS_FAILED", `assets in ${dir} could not be made or read`, { cause });
  }
}

async function makeAssets(
  appDir: string,
  [program = "", ...args]: readonly string[],
  binDirs: readonly string[],
): Promise<void> {
  const PATH = [...binDirs, process.env["PATH"] ?? ""].join(delimiter);
  await run(program, args, {
    cwd: appDir,
    env: { ...process.env, PATH, NODE_ENV: "production" },
    timeout: COMMAND_TIMEOUT_MS,
  });
}
