import { randomUUID } from "node:crypto";
import {
  type Manifest,
  type ManifestWarning,
  type SealMode,
  sealModeOf,
  validateManifest,
} from "@carrara/manifest";
import { asManifestError, readDeployment } from "./deployment.ts";
import { signSha256 } from "./elliptic-key.ts";
import { dryRunTemplates } from "./marble-parameters.ts";
import { ownSecrets } from "./marble-secrets.ts";
import { createRecoveryMaterial, type RecoveryMaterial } from "./recovery-secrets.ts";
import { generateSecret, type Secret, type SecretContext, unsetSecret } from "./secret.ts";
import { type MeshState, requirePhase } from "./state.ts";
import { updateLogEntry } from "./update-log.ts";

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
  const signature = signSha256(before.authority.root.key, bytes);
  const deployment = readDeployment(bytes, signature);
  const { manifest } = deployment;
  const { environment } = context;
  const warnings = asManifestError("check", () => validateManifest(manifest, { environment }));
  const secretContext = { ...context, authority: before.authority };
  const stored = await initialSecrets(manifest, secretContext);
  const recovery = createRecoveryMaterial(manifest, context.randomBytes);
  dryRunTemplates(manifest, new Map([...stored, ...(await placeholders(manifest, secretContext))]));
  const state: MeshState = {
    ...before,
    phase: "accepting-marbles",
    deployment,
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
  const stored = [...manifest.secrets].filter(
    ([, { shared, userDefined }]) => shared || userDefined,
  );
  const made = stored.map(async ([name, definition]) => {
    const secret = definition.userDefined
      ? unsetSecret(definition)
      : await generateSecret(name, definition, context);
    return [name, secret] as const;
  });
  return new Map(await Promise.all(made));
}

/** Values of a Marble that does not exist: they show whether real ones can be made. */
async function placeholders(
  manifest: Manifest,
  context: SecretContext,
): Promise<ReadonlyMap<string, Secret>> {
  const identity = {
    marbleType: "",
    uuid: randomUUID(),
    rootSecret: context.randomBytes(32),
    disableSecretBinding: false,
  };
  return await ownSecrets(manifest, identity, context);
}
