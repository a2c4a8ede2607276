import {
  describeUpdate,
  kindOfUpdate,
  type ManifestChange,
  type UpdateKind,
} from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";
import { applyManifest } from "./apply-manifest.ts";
import { authenticateUser } from "./authenticate.ts";
import { type MeshUser, readManifest } from "./deployment.ts";
import { planFullUpdate } from "./full-update.ts";
import { planPackageUpdate } from "./package-update.ts";
import { type MeshState, requireRunning } from "./state.ts";
import type { UpdateContext, UpdatePlan, UpdateProgress } from "./update-plan.ts";

/** What an update would do, without doing it. */
export interface UpdateForecast {
  readonly kind: UpdateKind;
  readonly progress: Omit<UpdateProgress, "recoverySecrets">;
  /** Names of the recovery keys that get new secrets once the update is in force. */
  readonly renewedRecoveryKeys: readonly string[];
  readonly changes: readonly ManifestChange[];
  readonly warnings: readonly string[];
}

/**
 * Plans an uploaded update manifest, whichever kind it is (section 7.1). Throws `STATE_WRONG`,
 * `USER_UNAUTHORIZED`, `MANIFEST_INVALID`, `UPDATE_PENDING` and what the kinds throw.
 */
export async function planUpdate(
  before: MeshState,
  caller: MeshUser,
  bytes: Uint8Array,
  context: UpdateContext,
): Promise<UpdatePlan> {
  const state = requireRunning(before);
  // Asked again of this very state: an update may have removed the user since the request came.
  const user = authenticateUser(state, caller.certificate);
  if (state.pendingUpdate !== undefined) {
    throw new CoordinatorError(
      "UPDATE_PENDING",
      "an update is in progress already: acknowledge or cancel it first",
    );
  }
  const manifest = readManifest(bytes);
  return kindOfUpdate(manifest) === "package"
    ? await planPackageUpdate(state, user, manifest, context)
    : await planFullUpdate(state, user, bytes, manifest, context);
}

/**
 * Checks an update as far as it can be checked before it is applied, the application included, and
 * says what it would do. Throws what {@link planUpdate} and the application throw.
 */
export async function forecastUpdate(
  before: MeshState,
  caller: MeshUser,
  bytes: Uint8Array,
  context: UpdateContext,
): Promise<UpdateForecast> {
  const plan = await planUpdate(before, caller, bytes, context);
  if (plan.failure !== undefined) throw plan.failure.cause;
  const state = requireRunning(before);
  const update = readManifest(bytes);
  const isWaiting = plan.progress.missingAcknowledgments > 0;
  const { recovery } = isWaiting ? await applyManifest(state, bytes, context) : plan;
  const { missingAcknowledgments, missingUsers } = plan.progress;
  return {
    kind: kindOfUpdate(update),
    progress: { missingAcknowledgments, missingUsers },
    renewedRecoveryKeys: [...(recovery?.encryptedSecrets.keys() ?? [])],
    changes: describeUpdate(state.deployment.manifest, update),
    warnings: plan.warnings.map(({ message }) => message),
  };
}
