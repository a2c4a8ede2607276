import { resolve } from "node:path";
import type { CoordinatorClient } from "@carrara/client";
import { utf8 } from "@carrara/encoding";
import { convertManifest, type Manifest, parseManifest } from "@carrara/manifest";
import type { CommandContext } from "../command-context.ts";
import { readInput } from "../files.ts";
import { effectiveManifest } from "./effective-manifest.ts";

/** The bytes that are sent for the manifest in `file`, JSON or YAML. */
export async function loadManifest({ io }: CommandContext, file: string): Promise<Uint8Array> {
  return convertManifest(await readInput(resolve(io.cwd, file)));
}

/** What the Coordinator enforces now, package updates included. Throws `MANIFEST_NOT_SET`. */
export async function loadEffectiveManifest(
  client: CoordinatorClient,
  signal: AbortSignal,
): Promise<Manifest> {
  const { manifest } = await client.getManifest(signal);
  const log = await client.getUpdateLog(signal);
  return parseManifest(utf8(effectiveManifest(manifest, log)));
}
