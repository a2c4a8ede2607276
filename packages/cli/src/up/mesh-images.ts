import type { TeeKind } from "@carrara/attestation";
import { buildImages, loadImage, readAppConfig, signImages } from "@carrara/image";
import {
  type NodeExecutable,
  type PackageInfo,
  readPackageInfo,
  type TdPackageInfo,
} from "@carrara/tee";
import { CliError } from "../cli-error.ts";

/** An image ready to be launched. */
export interface SignedImage {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What the mesh's kind of TEE proves of it. */
  readonly info: PackageInfo | TdPackageInfo;
}

/** An application's images, each built and signed when it is first asked for. */
export interface MeshImages {
  /** The names that `enclave.json` has. */
  names(): Promise<readonly string[]>;
  /** Throws `APP_INVALID` for a name that `enclave.json` has not, and the codes of building and signing. */
  get(name: string): Promise<SignedImage>;
}

/** What {@link createMeshImages} needs. */
export interface MeshImagesOptions {
  readonly appDir: string;
  /** Keeps the images' files. */
  readonly outDir: string;
  readonly keyFile: string;
  /** Resolves when the key file is there; bundling does not wait for it. */
  readonly keyReady: Promise<unknown>;
  /** Bundling waits for this; making assets does not. */
  readonly bundleAfter?: Promise<unknown>;
  /** Bundling an image is over, well or not. */
  readonly onBundled?: () => void;
  readonly node: Promise<NodeExecutable>;
  readonly tee: TeeKind;
  readonly signal: AbortSignal;
}

/** Nothing is built yet: an image that no marble runs costs a start nothing. */
export function createMeshImages(options: MeshImagesOptions): MeshImages {
  const app = readAppConfig(options.appDir);
  const images = new Map<string, Promise<SignedImage>>();
  const names = async (): Promise<readonly string[]> => [...(await app).images.keys()];
  return {
    names,
    get: async (name) => {
      const known = await names();
      if (!known.includes(name)) {
        throw new CliError(
          "APP_INVALID",
          `enclave.json has no image ${name}, known: ${known.join(", ")}`,
        );
      }
      const image = images.get(name) ?? buildSigned(options, name);
      images.set(name, image);
      return await image;
    },
  };
}

async function buildSigned(options: MeshImagesOptions, name: string): Promise<SignedImage> {
  const { appDir, bundleAfter, keyFile, keyReady, onBundled, outDir, signal, tee } = options;
  const after = bundleAfter === undefined ? {} : { bundleAfter };
  const build = buildImages({ appDir, outDir, names: [name], signal, ...after });
  const files = (await build.finally(onBundled)).map(({ file }) => file);
  await keyReady;
  const node = await options.node;
  const [signed] = await signImages({ files, keyFile, date: new Date(), node });
  if (signed === undefined) throw new TypeError(`image ${name} was not built`);
  const bytes = await loadImage(signed.file);
  const info = tee === "sgx" ? signed.packageInfo : await readPackageInfo(bytes, node, tee);
  return { name, info, bytes };
}
