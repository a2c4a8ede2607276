import {
  loadNodeExecutable,
  type NodeExecutable,
  type PackageInfo,
  readPackageInfo,
  signImage,
} from "@carrara/tee";
import { loadImage, saveImage } from "./image-file.ts";
import { openSigningKey } from "./signing-key.ts";

/** What to sign and with what. */
export interface SignImagesOptions {
  /** Image files; each is replaced by its signed form. */
  readonly files: readonly string[];
  /** Signing key in PEM; made on first use. */
  readonly keyFile: string;
  /** Day of signing. */
  readonly date: Date;
  /** The Node binary to measure; by default the one that runs this process. */
  readonly node?: NodeExecutable;
}

/** A signed image file and who it is. */
export interface SignedImage {
  readonly file: string;
  readonly packageInfo: PackageInfo;
}

/**
 * Signs image files in place. Throws `IMAGE_FILE_INVALID`, `SIGNING_KEY_MODE`; TeeError
 * `IMAGE_MALFORMED`, `SIGNING_KEY_INVALID`.
 */
export async function signImages(options: SignImagesOptions): Promise<SignedImage[]> {
  const { files, keyFile, date } = options;
  const [key, node] = await Promise.all([
    openSigningKey(keyFile),
    options.node ?? loadNodeExecutable(),
  ]);
  return await Promise.all(
    files.map(async (file) => {
      const signed = await signImage(await loadImage(file), key, { date, node });
      await saveImage(file, signed);
      return { file, packageInfo: await readPackageInfo(signed, node) };
    }),
  );
}
