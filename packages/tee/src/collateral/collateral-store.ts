import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError, replaceFile } from "@carrara/files";

/** Prefix of names that must never be forgotten to make room. */
export const FLOOR_PREFIX: string = "floor-";
/** Largest item in bytes: one collateral, of which two CRLs may have 2 MiB of hex each. */
const MAX_ITEM_BYTES = 8 * 1024 * 1024;
/** Collateral has about 40 KB, a VCEK with its chain 8. */
const DEFAULT_MAX_ITEMS = 1024;
const NAME = /^[a-z0-9-]{1,200}$/;

/** Where a cache keeps its answers and what it has seen. Content read from it is untrusted input. */
export interface CollateralStore {
  /** Undefined when there is none of this name (lower-case letters, digits and hyphens). */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Whole or not at all. */
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** What {@link createFileCollateralStore} needs. */
export interface FileCollateralStoreOptions {
  /** Made with mode 0700 at the first write. */
  readonly dir: string;
  /** The answers written longest ago make room; 1024 unless set. */
  readonly maxItems?: number;
}

/** A file for each item in a directory of its own. Both methods reject with Node's system errors. */
export function createFileCollateralStore(options: FileCollateralStoreOptions): CollateralStore {
  const { dir, maxItems = DEFAULT_MAX_ITEMS } = options;
  return {
    read: async (name) => await readIfThere(pathOf(dir, name)),
    async write(name, bytes) {
      const path = pathOf(dir, name);
      await mkdir(dir, { recursive: true, mode: 0o700 });
      // For good: a floor must survive a power loss. A draft has a dot in its name, no item has.
      await replaceFile(path, bytes);
      await makeRoom(dir, maxItems);
    },
  };
}

function pathOf(dir: string, name: string): string {
  if (!NAME.test(name)) throw new TypeError("a name is not of letters, digits and hyphens");
  return join(dir, name);
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, "r");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    if (size > MAX_ITEM_BYTES) throw new RangeError(`item of ${size} bytes`);
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

async function makeRoom(dir: string, maxItems: number): Promise<void> {
  const names = (await readdir(dir)).filter(
    (name) => NAME.test(name) && !name.startsWith(FLOOR_PREFIX),
  );
  if (names.length <= maxItems) return;
  const ages = await Promise.all(names.map(async (name) => await ageOf(dir, name)));
  const oldest = ages.toSorted((a, b) => a.writtenAt - b.writtenAt);
  for (const { name } of oldest.slice(0, names.length - maxItems)) {
    await rm(join(dir, name), { force: true });
  }
}

async function ageOf(dir: string, name: string): Promise<{ name: string; writtenAt: number }> {
  try {
    return { name, writtenAt: (await stat(join(dir, name))).mtimeMs };
  } catch (error) {
    // Another process may have made room at the same time.
    if (isSystemError(error, "ENOENT")) return { name, writtenAt: 0 };
    throw error;
  }
}
