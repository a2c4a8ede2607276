import { open, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type CollateralBundle, EMPTY_BUNDLE, MAX_BUNDLE_BYTES } from "./bundle.ts";
import { checkCollateralItem, readCollateralItem } from "./collateral-item.ts";
import { FLOOR_PREFIX } from "./collateral-store.ts";
import { collateralRefusalOf, refusalText, unavailable } from "./refusal.ts";

/** Most files of a directory. */
const MAX_FILES = 4096;

/** A file of a directory that holds no collateral. */
export interface SkippedFile {
  /** Its name in the directory. */
  readonly name: string;
  /** Why, in words. */
  readonly reason: string;
}

/** What was found under a path. */
export interface LoadedCollateral {
  readonly bundle: CollateralBundle;
  /** Whoever named the directory must hear of these: none of them takes part in a verification. */
  readonly skipped: readonly SkippedFile[];
}

/**
 * Reads collateral from a file, or from the files of a directory, which may be a cache's own: each is
 * told by its content, whatever its ending. Throws `COLLATERAL_UNAVAILABLE` for a file that is none,
 * and for more than 32 MiB; Node's system errors.
 */
export async function loadCollateralBundle(path: string): Promise<LoadedCollateral> {
  if ((await stat(path)).isDirectory()) return await loadDirectory(path);
  const bytes = await readBounded(path, await sizeOf(path));
  return { bundle: readCollateralItem(basename(path), bytes), skipped: [] };
}

async function loadDirectory(path: string): Promise<LoadedCollateral> {
  // What a cache has seen is nothing to verify with.
  const names = (await readdir(path)).filter((name) => !name.startsWith(FLOOR_PREFIX));
  if (names.length > MAX_FILES) {
    throw unavailable("malformed", `directory has ${names.length} files, ${MAX_FILES} allowed`);
  }
  let total = 0;
  let bundle = EMPTY_BUNDLE;
  const skipped: SkippedFile[] = [];
  for (const name of names.toSorted()) {
    try {
      const file = join(path, name);
      const size = await sizeOf(file);
      if (total + size > MAX_BUNDLE_BYTES)
        throw tooLarge(total + size, "the directory with this file");
      const item = readCollateralItem(name, await readBounded(file, size));
      checkCollateralItem(item);
      total += size;
      bundle = joined(bundle, item);
    } catch (error) {
      skipped.push({ name, reason: reasonOf(error) });
    }
  }
  return { bundle, skipped };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  if (collateralRefusalOf(error) !== undefined) return refusalText(error);
  if ("code" in error && typeof error.code === "string") return `cannot be read (${error.code})`;
  throw error;
}

async function sizeOf(path: string): Promise<number> {
  // Before it is opened: a pipe would wait for its writer.
  const found = await stat(path);
  if (!found.isFile()) throw unavailable("malformed", "it is no regular file");
  if (found.size > MAX_BUNDLE_BYTES) throw tooLarge(found.size, "the file");
  return found.size;
}

function tooLarge(size: number, what: string): Error {
  return unavailable("malformed", `${what} has ${size} bytes, ${MAX_BUNDLE_BYTES} allowed`);
}

/** A file that grows meanwhile is read as far as it was. */
async function readBounded(path: string, size: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const bytes = new Uint8Array(size);
    let length = 0;
    while (length < size) {
      const { bytesRead } = await file.read(bytes, length, size - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

function joined(a: CollateralBundle, b: CollateralBundle): CollateralBundle {
  return {
    dcap: [...a.dcap, ...b.dcap],
    veks: [...a.veks, ...b.veks],
    chains: [...a.chains, ...b.chains],
    crls: [...a.crls, ...b.crls],
  };
}
