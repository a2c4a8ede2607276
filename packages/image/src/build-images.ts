import { join, resolve } from "node:path";
import { lockDirectory } from "@carrara/files";
import { DEFAULT_ENV_ALLOW, encodeImage } from "@carrara/tee";
import { type AssetsConfig, type ImageConfig, readAppConfig } from "./app-config.ts";
import { bundleImage } from "./bundle-image.ts";
import { type Asset, collectAssets } from "./collect-assets.ts";
import { ImageError } from "./error.ts";
import { saveImage } from "./image-file.ts";
import { runCommand } from "./run-command.ts";
import { findWorkspaceRoot } from "./workspace-root.ts";

/** Milliseconds to wait for another build that makes the same assets. */
const ASSETS_WAIT_MS = 60_000;

/** A step of a build that has begun. */
export interface BuildProgress {
  readonly image: string;
  readonly step: "assets" | "bundle" | "done";
}

/** What to build and where to put it. */
export interface BuildImagesOptions {
  /** Folder with `enclave.json`. */
  readonly appDir: string;
  /** Gets one file `NAME.enclave` an image. */
  readonly outDir: string;
  /** All images of the app unless given. */
  readonly names?: readonly string[];
  /** Bundling waits for this, if it is given; making assets does not. */
  readonly bundleAfter?: Promise<unknown>;
  readonly onProgress?: (progress: BuildProgress) => void;
  readonly signal?: AbortSignal;
}

/** An unsigned image on disk. */
export interface BuiltImage {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
}

/**
 * Builds an app's images at once, each into one file whose bytes depend on the source only. Throws
 * `APP_CONFIG_INVALID`, `IMAGE_UNKNOWN`, `ASSETS_…`, `BUILD_FAILED`; TeeError `IMAGE_MALFORMED`
 * for launch settings that no image may have.
 */
export async function buildImages(options: BuildImagesOptions): Promise<BuiltImage[]> {
  const { outDir, onProgress = () => undefined, signal } = options;
  const appDir = resolve(options.appDir);
  const { images } = await readAppConfig(appDir);
  const workspaceRoot = await findWorkspaceRoot(appDir);
  const assetsOf = createAssetsSource(appDir, signal);
  const buildOne = async (name: string): Promise<BuiltImage> => {
    const image = images.get(name);
    if (image === undefined) throw new ImageError("IMAGE_UNKNOWN", `app has no image ${name}`);
    signal?.throwIfAborted();
    if (image.assets !== undefined) onProgress({ image: name, step: "assets" });
    const assets = image.assets === undefined ? undefined : await assetsOf(image.assets);
    await options.bundleAfter;
    signal?.throwIfAborted();
    onProgress({ image: name, step: "bundle" });
    const bundle = await bundleImage({ appDir, workspaceRoot, image, assets });
    const encoded = encodeImage({ bundle, settings: launchSettings(image) });
    const file = join(outDir, `${name}.enclave`);
    await saveImage(file, encoded);
    onProgress({ image: name, step: "done" });
    return { name, file, bytes: encoded.length };
  };
  return await Promise.all((options.names ?? [...images.keys()]).map(buildOne));
}

function launchSettings(image: ImageConfig): Parameters<typeof encodeImage>[0]["settings"] {
  const { productId, securityVersion, debug, execArgv, env } = image;
  const envAllow = image.envAllow ?? DEFAULT_ENV_ALLOW;
  return { productId, securityVersion, debug, execArgv, envAllow, env };
}

/** Makes and reads every assets folder once, however many images carry it. */
function createAssetsSource(
  appDir: string,
  signal: AbortSignal | undefined,
): (config: AssetsConfig) => Promise<readonly Asset[]> {
  const known = new Map<string, Promise<readonly Asset[]>>();
  const make = async ({ dir, command }: AssetsConfig): Promise<readonly Asset[]> => {
    if (command === undefined) return await collectAssets(join(appDir, dir));
    // The command empties a folder that another build of this app may be reading.
    const unlock = await lockDirectory(appDir, ASSETS_WAIT_MS);
    if (unlock === undefined) {
      throw new ImageError("ASSETS_COMMAND_FAILED", "another build of this app does not end");
    }
    try {
      await runCommand(command, appDir, signal);
      return await collectAssets(join(appDir, dir));
    } finally {
      await unlock();
    }
  };
  return async (config) => {
    const key = JSON.stringify([config.dir, config.command]);
    const found = known.get(key) ?? make(config);
    known.set(key, found);
    return await found;
  };
}
