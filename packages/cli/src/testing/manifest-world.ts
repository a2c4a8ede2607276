import { utf8 } from "@carrara/encoding";
import { type CliWorld, createCliWorld } from "./cli-world.ts";
import type { FakeCoordinator, FakeCoordinatorOptions } from "./fake-coordinator.ts";

/** What `manifest.json` of a {@link ManifestWorld} has. */
export const MANIFEST = '{"Packages":{"a":{"UniqueID":"00"}}}';

/** A world with a manifest in its directory. */
export interface ManifestWorld extends CliWorld {
  /** A Coordinator on which {@link MANIFEST} is set. */
  startWithManifest(options?: Partial<FakeCoordinatorOptions>): Promise<FakeCoordinator>;
}

/** Creates the world and its manifest file. */
export async function createManifestWorld(): Promise<ManifestWorld> {
  const world = await createCliWorld();
  await world.write("manifest.json", MANIFEST);
  return {
    ...world,
    startWithManifest: async (options) =>
      Object.assign(await world.start(options), { manifest: utf8(MANIFEST) }),
  };
}
