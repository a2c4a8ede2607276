import { manifestFingerprint } from "@carrara/client";
import { CliError } from "../cli-error.ts";
import { writeOutput } from "../files.ts";
import type { LocalCoordinator } from "./start-coordinator.ts";

/** State codes (spec marblerun section 1.4). */
const STATE = { recovery: 1, acceptingManifest: 2 } as const;

/**
 * Sets the manifest on a fresh Coordinator, or makes sure that a running mesh enforces exactly it,
 * and keeps its bytes in `file`. Throws `STATE_RECOVERY` or `STATE_OTHER_MANIFEST`.
 */
export async function ensureManifest(
  { client, state }: LocalCoordinator,
  manifest: Uint8Array,
  options: { readonly file: string; readonly stateDir: string; readonly signal: AbortSignal },
): Promise<void> {
  const { file, signal, stateDir } = options;
  if (state === STATE.recovery) {
    throw new CliError(
      "STATE_RECOVERY",
      `the Coordinator cannot unseal its state in ${stateDir}: the state comes from another machine, platform or signer; recover it, or start anew with another --state-dir`,
    );
  }
  if (state === STATE.acceptingManifest) {
    await client.setManifest(manifest, signal);
  } else {
    await requireSame(await client.getManifest(signal), manifest, stateDir);
  }
  await writeOutput(file, manifest);
}

async function requireSame(
  active: { readonly fingerprint: string },
  manifest: Uint8Array,
  stateDir: string,
): Promise<void> {
  const needed = await manifestFingerprint(manifest);
  if (active.fingerprint === needed) return;
  throw new CliError(
    "STATE_OTHER_MANIFEST",
    `the mesh in ${stateDir} enforces the manifest ${active.fingerprint}, the application has ${needed}; the first manifest stays until it is updated: update it, or start anew with another --state-dir`,
  );
}
