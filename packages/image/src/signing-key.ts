import { randomUUID } from "node:crypto";
import { link, mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { generateSigningKey, signImage } from "@carrara/tee";
import { ImageError } from "./error.ts";

const GROUP_AND_WORLD = 0o077;

/**
 * The signing key in `path`, made there with mode 0600 when the file is missing; a file that others
 * may read is refused with `SIGNING_KEY_MODE`. The result is secret.
 */
export async function loadOrCreateSigningKey(path: string): Promise<string> {
  try {
    return await loadSigningKey(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(await generateSigningKey());
    await file.sync();
  } finally {
    await file.close();
  }
  // A link never replaces a key that another process made meanwhile.
  await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await rm(temporary);
  return await loadSigningKey(path);
}

/** The signing key in `path`. Throws `SIGNING_KEY_MODE`, and what the file system says. */
export async function loadSigningKey(path: string): Promise<string> {
  const { mode } = await stat(path);
  if ((mode & GROUP_AND_WORLD) !== 0) {
    const had = (mode & 0o777).toString(8);
    throw new ImageError("SIGNING_KEY_MODE", `signing key has mode ${had}, 600 needed`);
  }
  return await readFile(path, "utf8");
}

/** Signs the image in the file `path` and replaces the file; today's date goes into the SIGSTRUCT. */
export async function signImageFile(path: string, keyPem: string): Promise<Uint8Array> {
  const signed = await signImage(new Uint8Array(await readFile(path)), keyPem, {
    date: new Date(),
  });
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, signed, { mode: 0o600 });
  await rename(temporary, path);
  return signed;
}
