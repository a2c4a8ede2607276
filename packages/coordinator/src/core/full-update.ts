import { equalBytes } from "@carrara/encoding";
import { type Manifest, neededAcknowledgments, validateManifest } from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";
import { applyManifest } from "./apply-manifest.ts";
import { asManifestError, type MeshUser, manifestFingerprint } from "./deployment.ts";
import {
  missingUsersOf,
  type PendingUpdate,
  requirePendingUpdate,
  withAcknowledgment,
} from "./pending-update.ts";
import { requireGrant } from "./require-grant.ts";
import type { RunningState } from "./state.ts";
import { updateLogEntry } from "./update-log.ts";
import { APPLIED, type UpdateContext, type UpdatePlan } from "./update-plan.ts";

/**
 * Plans the start of a full update, and its application where nobody else is needed (section 7.3).
 * Throws `PERMISSION_DENIED`, `MANIFEST_INVALID`.
 */
export async function planFullUpdate(
  state: RunningState,
  user: MeshUser,
  manifestBytes: Uint8Array,
  manifest: Manifest,
  context: UpdateContext,
): Promise<UpdatePlan> {
  requireGrant(user, "updatemanifest", []);
  const warnings = asManifestError("check", () => validateManifest(manifest, context));
  const pending = startedUpdate(state, user, manifestBytes);
  const { missingAcknowledgments } = pending;
  const fields = { manifestFingerprint: manifestFingerprint(manifestBytes) };
  const initiated = "Complete Manifest update initiated by user.";
  if (missingAcknowledgments === 0) {
    const line = updateLogEntry(context.now, `${initiated} No further acknowledgements required`, {
      user: user.name,
      ...fields,
    });
    return await planApplication(state, pending, [line], context);
  }
  const missingUsers = missingUsersOf(pending);
  const line = updateLogEntry(
    context.now,
    `${initiated} Waiting for acknowledgments to apply the update`,
    { user: user.name, missingAcknowledgments, missingUsers, ...fields },
  );
  return waiting(pending, [line], { warnings });
}

/** All users who may update now have to agree, or as many as the manifest in force asks for. */
function startedUpdate(
  { deployment }: RunningState,
  user: MeshUser,
  manifestBytes: Uint8Array,
): PendingUpdate {
  const updaters = deployment.users.filter(({ permissions }) => permissions.has("updatemanifest"));
  const pending = {
    manifestBytes,
    requiredUsers: new Map(updaters.map(({ name }) => [name, false])),
    missingAcknowledgments: neededAcknowledgments(deployment.manifest),
  };
  return withAcknowledgment(pending, user.name);
}

/**
 * Plans an acknowledgement, and the application where it was the last one needed. Throws
 * `NO_UPDATE`, `PERMISSION_DENIED`, `UPDATE_MISMATCH`.
 */
export async function planAcknowledgment(
  state: RunningState,
  user: MeshUser,
  manifestBytes: Uint8Array,
  context: UpdateContext,
): Promise<UpdatePlan> {
  const before = requirePendingUpdate(state);
  if (!before.requiredUsers.has(user.name)) {
    throw new CoordinatorError(
      "PERMISSION_DENIED",
      `user ${user.name} is not one of those who have to acknowledge the update`,
    );
  }
  if (!equalBytes(manifestBytes, before.manifestBytes)) {
    const [had, needed] = [manifestBytes, before.manifestBytes].map(manifestFingerprint);
    throw new CoordinatorError(
      "UPDATE_MISMATCH",
      `the acknowledged manifest has fingerprint ${had}, the pending one ${needed}`,
    );
  }
  const pending = withAcknowledgment(before, user.name);
  const { missingAcknowledgments } = pending;
  const line = updateLogEntry(context.now, "Complete Manifest update acknowledged by user", {
    user: user.name,
    missingAcknowledgments,
    missingUsers: missingUsersOf(pending),
    manifestFingerprint: manifestFingerprint(manifestBytes),
  });
  return missingAcknowledgments === 0
    ? await planApplication(state, pending, [line], context)
    : waiting(pending, [line]);
}

/** Plans the end of a pending update. Throws `NO_UPDATE`, `PERMISSION_DENIED`. */
export function planCancellation(
  state: RunningState,
  user: MeshUser,
  { now }: UpdateContext,
): UpdatePlan {
  const { manifestBytes } = requirePendingUpdate(state);
  requireGrant(user, "updatemanifest", []);
  const line = updateLogEntry(now, "Complete Manifest update cancelled by user", {
    user: user.name,
    manifestFingerprint: manifestFingerprint(manifestBytes),
  });
  return ended([line]);
}

/** With all acknowledgements there: the new manifest, or the end of an update that cannot be applied. */
async function planApplication(
  state: RunningState,
  { manifestBytes }: PendingUpdate,
  lines: readonly string[],
  context: UpdateContext,
): Promise<UpdatePlan> {
  const fields = { manifestFingerprint: manifestFingerprint(manifestBytes) };
  try {
    const { changes, recovery, warnings } = await applyManifest(state, manifestBytes, context);
    return {
      changes,
      lines: [...lines, updateLogEntry(context.now, "Complete Manifest updated", fields)],
      progress: { ...APPLIED, recoverySecrets: recovery?.encryptedSecrets ?? new Map() },
      recovery,
      warnings,
      failure: undefined,
    };
  } catch (cause) {
    const text = "Complete Manifest update cancelled due to error during apply";
    return { ...ended([...lines, updateLogEntry(context.now, text, fields)]), failure: { cause } };
  }
}

function waiting(
  pendingUpdate: PendingUpdate,
  lines: readonly string[],
  { warnings }: Pick<UpdatePlan, "warnings"> = { warnings: [] },
): UpdatePlan {
  const { missingAcknowledgments } = pendingUpdate;
  const missingUsers = missingUsersOf(pendingUpdate);
  return {
    changes: { pendingUpdate },
    lines,
    progress: { ...APPLIED, missingAcknowledgments, missingUsers },
    recovery: undefined,
    warnings,
    failure: undefined,
  };
}

function ended(lines: readonly string[]): UpdatePlan {
  return {
    changes: { pendingUpdate: undefined },
    lines,
    progress: APPLIED,
    recovery: undefined,
    warnings: [],
    failure: undefined,
  };
}
