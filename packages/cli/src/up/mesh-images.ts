import type { TeeKind } from "@carrara/attestation";
import { buildImages, loadImage, signImages } from "@carrara/image";
import {
  type NodeExecutable,
  type PackageInfo,
  readPackageInfo,
  type TdPackageInfo,
} from "@carrara/tee";

/** An image ready to be launched. */
export interface SignedImage {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What the mesh's kind of TEE proves of it. */
  readonly info: PackageInfo | TdPackageInfo;
}

/** Builds and signs all images of an application; keeps them in `outDir`. */
export async function buildSignedImages(options: {
  readonly appDir: string;
  readonly outDir: string;
  readonly keyFile: string;
  /** Resolves when the key file is there; bundling does not wait for it. */
  readonly keyReady: Promise<unknown>;
  readonly node: Promise<NodeExecutable>;
  readonly tee: TeeKind;
  readonly signal: AbortSignal;
}): Promise<ReadonlyMap<string, SignedImage>> {
  const { appDir, keyFile, outDir, signal, tee } = options;
  const built = await buildImages({ appDir, outDir, signal });
  const files = built.map(({ file }) => file);
  await options.keyReady;
  const node = await options.node;
  const signed = await signImages({ files, keyFile, date: new Date(), node });
  const identities = new Map(signed.map(({ file, packageInfo }) => [file, packageInfo]));
  const images = built.flatMap(({ file, name }) => {
    const info = identities.get(file);
    return info === undefined ? [] : [{ file, name, info }];
  });
  return new Map(
    await Promise.all(
      images.map(async ({ file, name, info }): Promise<[string, SignedImage]> => {
        const bytes = await loadImage(file);
        const own = tee === "sgx" ? info : await readPackageInfo(bytes, node, tee);
        return [name, { name, info: own, bytes }];
      }),
    ),
  );
}
