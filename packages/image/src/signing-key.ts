import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { createFile, isSystemError } from "@carrara/files";
import { generateSigningKey } from "@carrara/tee";
import { ImageError } from "./error.ts";

const MAX_KEY_BYTES = 16 * 1024;

/**
 * The signing key in `file`, in PEM; made there on first use, mode 0600, and never replaced. Throws
 * `SIGNING_KEY_MODE` when others can read or write it.
 */
export async function openSigningKey(file: string): Promise<string> {
  const existing = await readKey(file);
  if (existing !== undefined) return existing;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // Where another process was faster, its key counts.
  await createFile(file, await generateSigningKey());
  const created = await readKey(file);
  if (created !== undefined) return created;
  throw new ImageError("SIGNING_KEY_MODE", "signing key vanished while it was made");
}

async function readKey(file: string): Promise<string | undefined> {
  try {
    const { mode, size } = await stat(file);
    if ((mode & 0o077) !== 0) {
      const found = (mode & 0o777).toString(8);
      throw new ImageError("SIGNING_KEY_MODE", `signing key has mode ${found}, 600 needed`);
    }
    if (size > MAX_KEY_BYTES) throw new ImageError("SIGNING_KEY_MODE", "signing key is too large");
    return await readFile(file, "utf8");
  } catch (cause) {
    if (isSystemError(cause, "ENOENT")) return undefined;
    throw cause;
  }
}
