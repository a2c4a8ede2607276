import { manifestFingerprint } from "@carrara/client";
import { toBase64 } from "@carrara/encoding";
import { CliError } from "../cli-error.ts";
import { writeOutput } from "../files.ts";
import type { MeshFiles } from "./mesh-files.ts";
import type { LocalCoordinator } from "./start-coordinator.ts";

/** State codes (spec marblerun section 1.4). */
export const STATE = { recovery: 1, acceptingManifest: 2, running: 3 } as const;

/**
 * Sets the manifest on a fresh Coordinator and keeps its recovery secrets, or makes sure that a
 * running mesh enforces exactly it, and keeps its bytes in `files.manifest`. Throws `STATE_RECOVERY` or `STATE_OTHER_MANIFEST`.
 */
export async function ensureManifest(
  { client, state }: LocalCoordinator,
  manifest: Uint8Array,
  options: {
    readonly files: Pick<MeshFiles, "manifest" | "recoveryData">;
    readonly stateDir: string;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { files, signal, stateDir } = options;
  if (state === STATE.recovery) {
    throw new CliError(
      "STATE_RECOVERY",
      `the Coordinator cannot unseal its state in ${stateDir}: the state comes from another machine, platform or signer; recover it, or start anew with another --state-dir`,
    );
  }
  if (state === STATE.acceptingManifest) {
    await keepSecrets(files.recoveryData, await client.setManifest(manifest, signal));
  } else {
    await requireSame(await client.getManifest(signal), manifest, stateDir);
  }
  await writeOutput(files.manifest, manifest);
}

/** The form that `carrara recover` reads. */
async function keepSecrets(file: string, secrets: ReadonlyMap<string, Uint8Array>): Promise<void> {
  if (secrets.size === 0) return;
  const named = [...secrets].map(([name, secret]) => [name, toBase64(secret)]);
  await writeOutput(file, JSON.stringify({ RecoverySecrets: Object.fromEntries(named) }));
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
