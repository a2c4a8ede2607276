import { type Manifest, type ManifestWarning, type SealMode, sealModeOf } from "@carrara/manifest";
import { checkManifest } from "./check-manifest.ts";
import { deploymentOf, readManifest } from "./deployment.ts";
import { signSha256 } from "./elliptic-key.ts";
import { dryRunTemplates } from "./marble-parameters.ts";
import { placeholderSecrets } from "./marble-secrets.ts";
import { createRecoveryMaterial, type RecoveryMaterial } from "./recovery-secrets.ts";
import type { Secret, SecretContext } from "./secret.ts";
import { type MeshState, requirePhase } from "./state.ts";
import { updateLogEntry } from "./update-log.ts";
import { initialSecret, storedDefinitions } from "./update-secrets.ts";

/** What setting a manifest decides and makes. */
export interface ManifestSetting {
  readonly state: MeshState;
  readonly recovery: RecoveryMaterial;
  readonly sealMode: SealMode;
  readonly warnings: readonly ManifestWarning[];
}

/** What {@link setManifest} needs beside the state. */
export interface SetManifestContext {
  readonly now: Date;
  readonly randomBytes: (length: number) => Uint8Array;
  /** The Coordinator's environment, for rules that look at it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Sets the first manifest, or a new one in recovery mode (section 4.5): parse, check, make secrets,
 * dry run. Throws `STATE_WRONG`, `MANIFEST_INVALID`, `SECRET_INVALID`, `RECOVERY_KEY_INVALID`,
 * `PARAMETERS_INVALID`; nothing has changed then.
 */
export async function setManifest(
  before: MeshState,
  bytes: Uint8Array,
  context: SetManifestContext,
): Promise<ManifestSetting> {
  requirePhase(before, "accepting-manifest", "recovery");
  const manifest = readManifest(bytes);
  const { environment } = context;
  const warnings = checkManifest(manifest, { environment });
  const signature = signSha256(before.authority.root.key, bytes);
  const deployment = deploymentOf(manifest, bytes, signature);
  const secretContext = { ...context, authority: before.authority };
  const stored = await initialSecrets(manifest, secretContext);
  const recovery = createRecoveryMaterial(manifest, context.randomBytes);
  const placeholders = await placeholderSecrets(manifest, secretContext);
  dryRunTemplates(manifest, new Map([...stored, ...placeholders]));
  const state: MeshState = {
    ...before,
    phase: "accepting-marbles",
    deployment,
    pendingUpdate: undefined,
    secrets: stored,
    previousSecrets: stored,
    activations: new Map(),
    counters: new Map(),
    updateLog: [updateLogEntry(context.now, "Initial manifest set")],
  };
  return { state, recovery, sealMode: sealModeOf(manifest), warnings };
}

async function initialSecrets(
  manifest: Manifest,
  context: SecretContext,
): Promise<ReadonlyMap<string, Secret>> {
  const made = storedDefinitions(manifest).map(
    async ([name, definition]) => [name, await initialSecret(name, definition, context)] as const,
  );
  return new Map(await Promise.all(made));
}
