import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { MAX_IMAGE_BYTES } from "@carrara/tee";
import { ImageError } from "./error.ts";

/** Reads an image file. Throws `IMAGE_FILE_INVALID` when it is missing or too large. */
export async function loadImage(file: string): Promise<Uint8Array> {
  let size: number;
  try {
    ({ size } = await stat(file));
    if (size <= MAX_IMAGE_BYTES) return new Uint8Array(await readFile(file));
  } catch (cause) {
    throw new ImageError("IMAGE_FILE_INVALID", `${file} cannot be read`, { cause });
  }
  throw new ImageError(
    "IMAGE_FILE_INVALID",
    `${file} has ${size} bytes, ${MAX_IMAGE_BYTES} allowed`,
  );
}

/** Writes an image file whole or not at all, with the folders above it. */
export async function saveImage(file: string, image: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    const handle = await open(draft, "wx", 0o644);
    try {
      await handle.writeFile(image);
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}
