import {
  isRecoveryChanged,
  type Manifest,
  type ManifestWarning,
  sealModeOf,
} from "@carrara/manifest";
import { rotateIntermediate } from "./authority.ts";
import { checkManifest } from "./check-manifest.ts";
import { deploymentOf, readManifest } from "./deployment.ts";
import { signSha256 } from "./elliptic-key.ts";
import { dryRunUploads } from "./marble-parameters.ts";
import { placeholderSecrets } from "./marble-secrets.ts";
import { createRecoveryMaterial, type RecoveryMaterial } from "./recovery-secrets.ts";
import type { RunningState } from "./state.ts";
import type { UpdateChanges, UpdateContext } from "./update-plan.ts";
import { secretsAfterUpdate } from "./update-secrets.ts";

/** A manifest made ready to take the place of another. */
interface AppliedManifest {
  readonly changes: UpdateChanges;
  readonly recovery: RecoveryMaterial | undefined;
  readonly warnings: readonly ManifestWarning[];
}

/**
 * Makes everything that a full update to the manifest `bytes` brings (section 7.3), and tries its
 * templates with the values there will be. Throws `MANIFEST_INVALID`, `SECRET_INVALID`,
 * `RECOVERY_KEY_INVALID`, `PARAMETERS_INVALID`.
 */
export async function applyManifest(
  state: RunningState,
  bytes: Uint8Array,
  context: UpdateContext,
): Promise<AppliedManifest> {
  const manifest = readManifest(bytes);
  const warnings = checkManifest(manifest, context);
  const signature = signSha256(state.authority.root.key, bytes);
  const deployment = deploymentOf(manifest, bytes, signature);
  const recovery = needsDataKey(state.deployment.manifest, manifest)
    ? createRecoveryMaterial(manifest, context.randomBytes)
    : undefined;
  const authority = await rotateIntermediate(state.authority, context.now);
  const secretContext = { ...context, authority };
  const secrets = await secretsAfterUpdate(state, manifest, secretContext);
  const placeholders = await placeholderSecrets(manifest, secretContext);
  dryRunUploads(manifest, new Map([...secrets.secrets, ...placeholders]));
  return {
    changes: { ...secrets, authority, deployment, pendingUpdate: undefined },
    recovery,
    warnings,
  };
}

/** Also where the state was in memory only: the keys handed out for that never sealed anything. */
function needsDataKey(before: Manifest, after: Manifest): boolean {
  const [had, has] = [sealModeOf(before), sealModeOf(after)];
  return isRecoveryChanged(before, after) || (had === "Disabled" && has !== had);
}
