import { readdir, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { ImageError } from "./error.ts";

const MAX_FILES = 2000;
/** All files of an image together, in bytes; base64 adds a third to the bundle. */
const MAX_TOTAL_BYTES = 16 * 1024 * 1024;

/** One file that an image carries. */
export interface Asset {
  /** Relative, with forward slashes, in Unicode form C. */
  readonly path: string;
  readonly content: Uint8Array;
}

/**
 * All files under `dir`, sorted by path. Throws `ASSETS_INVALID` when there are none or too many,
 * and for anything that is neither file nor folder: a link could point anywhere.
 */
export async function collectAssets(dir: string): Promise<Asset[]> {
  let entries: Awaited<ReturnType<typeof listEntries>>;
  try {
    entries = await listEntries(dir);
  } catch (cause) {
    throw new ImageError("ASSETS_INVALID", `assets folder ${dir} cannot be read`, { cause });
  }
  const files = entries.filter((entry) => !entry.isDirectory());
  if (files.some((entry) => !entry.isFile())) {
    throw new ImageError("ASSETS_INVALID", "assets folder has something that is no file");
  }
  if (files.length === 0 || files.length > MAX_FILES) {
    throw new ImageError("ASSETS_INVALID", `${files.length} assets, 1 to ${MAX_FILES} allowed`);
  }
  const assets: Asset[] = [];
  let total = 0;
  for (const entry of files) {
    const file = join(entry.parentPath, entry.name);
    const content = new Uint8Array(await readFile(file));
    total += content.length;
    if (total > MAX_TOTAL_BYTES) {
      throw new ImageError("ASSETS_INVALID", `assets have over ${MAX_TOTAL_BYTES} bytes`);
    }
    const path = file
      .slice(dir.length + 1)
      .split(sep)
      .join("/")
      .normalize("NFC");
    assets.push({ path, content });
  }
  return assets.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function listEntries(dir: string): Promise<import("node:fs").Dirent[]> {
  return await readdir(dir, { recursive: true, withFileTypes: true });
}
