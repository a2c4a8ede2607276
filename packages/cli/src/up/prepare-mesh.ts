import { join } from "node:path";
import type { TeeKind } from "@carrara/attestation";
import { utf8 } from "@carrara/encoding";
import { openSigningKey } from "@carrara/image";
import { convertManifest } from "@carrara/manifest";
import { createSimulatedPlatform, loadNodeExecutable, type SimulatedPlatform } from "@carrara/tee";
import { CliError } from "../cli-error.ts";
import { readInput } from "../files.ts";
import type { MeshConfig } from "./mesh-config.ts";
import type { MeshFiles } from "./mesh-files.ts";
import { buildSignedImages, type SignedImage } from "./mesh-images.ts";
import { fillPlaceholders, pinByMeasurement } from "./placeholders.ts";
import { buildBot } from "./vote-bot.ts";

/** Name of the Coordinator's image in its `enclave.json`. */
const COORDINATOR_IMAGE = "coordinator";

/** Everything that is made before processes start; all under way at once. */
export interface Preparations {
  readonly platform: Promise<SimulatedPlatform>;
  readonly coordinatorImage: Promise<SignedImage>;
  readonly images: Promise<ReadonlyMap<string, SignedImage>>;
  /** The manifest with the images' identities filled in. */
  readonly manifest: Promise<Uint8Array>;
  readonly bot: Promise<unknown>;
  /** Resolves when nothing is under way any more, well or not. */
  readonly settled: Promise<unknown>;
}

/** Starts building images, keys, platform and bot. What fails is thrown where it is awaited. */
export function prepareMesh(options: {
  readonly appDir: string;
  readonly repository: string;
  readonly config: MeshConfig;
  /** Path of the manifest; the application's own where it is left out. */
  readonly manifest?: string | undefined;
  readonly files: MeshFiles;
  readonly tee: TeeKind;
  readonly voteBot: boolean;
  readonly signal: AbortSignal;
}): Preparations {
  const { appDir, config, files, repository, signal, tee, voteBot } = options;
  const node = loadNodeExecutable();
  // Made once, before two builds would both want to make it.
  const signingKey = openSigningKey(files.signingKey);
  const platform = node.then(
    async (executable) =>
      await createSimulatedPlatform({ dir: files.platform, tee, node: executable }),
  );
  const build = async (dir: string, outDir: string) =>
    await buildSignedImages({
      appDir: dir,
      outDir,
      keyFile: files.signingKey,
      keyReady: signingKey,
      node,
      tee,
      signal,
    });
  const coordinatorImage = build(
    join(repository, "packages", "coordinator"),
    files.coordinatorImages,
  ).then((built) => imageNamed(built, COORDINATOR_IMAGE));
  const images = build(appDir, files.images);
  const manifestFile = options.manifest ?? join(appDir, config.manifest);
  const manifest = images.then(async (built) => await loadManifest(manifestFile, tee, built));
  const bot =
    voteBot && config.bot !== undefined
      ? buildBot(appDir, config.bot.entry, files)
      : Promise.resolve();
  const all = [node, signingKey, platform, coordinatorImage, images, manifest, bot];
  return { platform, coordinatorImage, images, manifest, bot, settled: Promise.allSettled(all) };
}

/** The image called `name`. Throws `APP_INVALID`. */
export function imageNamed(images: ReadonlyMap<string, SignedImage>, name: string): SignedImage {
  const image = images.get(name);
  if (image !== undefined) return image;
  const known = [...images.keys()].join(", ");
  throw new CliError("APP_INVALID", `enclave.json has no image ${name}, known: ${known}`);
}

async function loadManifest(
  file: string,
  tee: TeeKind,
  images: ReadonlyMap<string, SignedImage>,
): Promise<Uint8Array> {
  const text = new TextDecoder().decode(await readInput(file));
  const identities = new Map([...images].map(([name, { info }]) => [name, info]));
  const pinned = tee === "tdx" ? pinByMeasurement(text) : text;
  return convertManifest(utf8(fillPlaceholders(pinned, identities)));
}
