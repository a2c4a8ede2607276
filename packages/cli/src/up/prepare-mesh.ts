import { join } from "node:path";
import type { TeeKind } from "@carrara/attestation";
import { utf8 } from "@carrara/encoding";
import { openSigningKey } from "@carrara/image";
import { convertManifest } from "@carrara/manifest";
import { createSimulatedPlatform, loadNodeExecutable, type SimulatedPlatform } from "@carrara/tee";
import { readInput } from "../files.ts";
import type { MeshConfig } from "./mesh-config.ts";
import type { MeshFiles } from "./mesh-files.ts";
import { createMeshImages, type MeshImages, type SignedImage } from "./mesh-images.ts";
import { fillPlaceholders, imagesNamedIn, pinByMeasurement } from "./placeholders.ts";
import { buildBot } from "./vote-bot.ts";

/** Name of the Coordinator's image in its `enclave.json`. */
const COORDINATOR_IMAGE = "coordinator";

/** Everything that is made before processes start; all under way at once. */
export interface Preparations {
  readonly platform: Promise<SimulatedPlatform>;
  readonly coordinatorImage: Promise<SignedImage>;
  /** The application's; those that the mesh runs or the manifest names are under way. */
  readonly images: MeshImages;
  /** The manifest with the images' identities filled in. */
  readonly manifest: Promise<Uint8Array>;
  readonly bot: Promise<unknown>;
  /** Resolves when nothing is under way any more, well or not. */
  readonly settled: Promise<unknown>;
}

/** What {@link prepareMesh} makes things from. */
export interface PrepareMeshOptions {
  readonly appDir: string;
  readonly repository: string;
  readonly config: MeshConfig;
  /** Names of the images that the marbles run. */
  readonly run: readonly string[];
  /** Path of the manifest; the application's own where it is left out. */
  readonly manifest?: string | undefined;
  readonly files: MeshFiles;
  readonly tee: TeeKind;
  readonly voteBot: boolean;
  readonly signal: AbortSignal;
}

/** Starts building images, keys, platform and bot. What fails is thrown where it is awaited. */
export function prepareMesh(options: PrepareMeshOptions): Preparations {
  const { appDir, config, files, repository, run, signal, tee, voteBot } = options;
  const node = loadNodeExecutable();
  // Made once, before two builds would both want to make it.
  const signingKey = openSigningKey(files.signingKey);
  const platform = node.then(
    async (executable) =>
      await createSimulatedPlatform({ dir: files.platform, tee, node: executable }),
  );
  const common = { keyFile: files.signingKey, keyReady: signingKey, node, tee, signal };
  let onBundled = () => {};
  // The Coordinator starts while the other images are made.
  const bundleAfter = new Promise<void>((resolve) => {
    onBundled = resolve;
  });
  const coordinatorImage = createMeshImages({
    ...common,
    appDir: join(repository, "packages", "coordinator"),
    outDir: files.coordinatorImages,
    onBundled,
  }).get(COORDINATOR_IMAGE);
  const images = createMeshImages({ ...common, appDir, outDir: files.images, bundleAfter });
  const text = loadManifest(options.manifest ?? join(appDir, config.manifest), tee);
  const built = buildNeeded(images, run, text);
  const manifest = fillManifest(text, built);
  const bot = built.then(async () => {
    if (voteBot && config.bot !== undefined) await buildBot(appDir, config.bot.entry, files);
  });
  const all = [node, signingKey, platform, coordinatorImage, text, built, manifest, bot];
  return { platform, coordinatorImage, images, manifest, bot, settled: Promise.allSettled(all) };
}

async function loadManifest(file: string, tee: TeeKind): Promise<string> {
  const text = new TextDecoder().decode(await readInput(file));
  return tee === "tdx" ? pinByMeasurement(text) : text;
}

/** The images that run and those that the manifest names, as far as there are any of the name. */
async function buildNeeded(
  images: MeshImages,
  run: readonly string[],
  manifest: Promise<string>,
): Promise<readonly SignedImage[]> {
  const known = await images.names();
  const named = imagesNamedIn(await manifest).filter((name) => known.includes(name));
  return await Promise.all([...run, ...named].map(images.get));
}

async function fillManifest(
  text: Promise<string>,
  built: Promise<readonly SignedImage[]>,
): Promise<Uint8Array> {
  const identities = new Map((await built).map(({ name, info }) => [name, info]));
  return convertManifest(utf8(fillPlaceholders(await text, identities)));
}
