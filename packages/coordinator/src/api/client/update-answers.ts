import type { GoJsonValue } from "@carrara/manifest";
import { missingUsersOf, type PendingUpdate, progressMessage } from "../../core/pending-update.ts";
import type { UpdateForecast } from "../../core/plan-update.ts";
import type { UpdateProgress } from "../../core/update-plan.ts";
import { CoordinatorError } from "../../error.ts";
import type { ApiRequest } from "./request.ts";

/** What a cancellation is answered with. */
export const CANCELLED = "Update successfully cancelled";

/** Answer to the start of an update (section 2.4): `missingUsers` is null where none is missing. */
export function updateData(progress: UpdateProgress): GoJsonValue {
  return {
    missingAcknowledgments: progress.missingAcknowledgments,
    missingUsers: usersOrNull(progress.missingUsers),
    recoverySecrets: secretsIfAny(progress),
  };
}

/** Answer to an acknowledgement; its text names those who are missing. */
export function acknowledgmentData(progress: UpdateProgress): GoJsonValue {
  const { missingAcknowledgments, missingUsers } = progress;
  const text = progressMessage(missingAcknowledgments);
  const message =
    missingAcknowledgments === 0
      ? text
      : `${text}.\nThe following users have not yet accepted: ${missingUsers.join(", ")}`;
  return {
    message,
    missingUsers: usersOrNull(missingUsers),
    missingAcknowledgments,
    recoverySecrets: secretsIfAny(progress),
  };
}

/** The update that waits, with how far it is; the same in v1 and v2. */
export function pendingData(pending: PendingUpdate): GoJsonValue {
  return {
    manifest: pending.manifestBytes,
    message: progressMessage(pending.missingAcknowledgments),
    missingUsers: missingUsersOf(pending),
  };
}

/** Answer to a dry run: what the update would answer, then what it would do. */
export function forecastData(forecast: UpdateForecast): GoJsonValue {
  const { missingAcknowledgments, missingUsers } = forecast.progress;
  return {
    missingAcknowledgments,
    missingUsers: usersOrNull(missingUsers),
    dryRun: true,
    kind: forecast.kind,
    renewedRecoveryKeys: forecast.renewedRecoveryKeys,
    changes: forecast.changes.map((change) => ({ ...change })),
    warnings: forecast.warnings,
  };
}

/** Whether `?dryRun=true` is asked for. Throws `REQUEST_MALFORMED` for any other value but `false`. */
export function isDryRun(request: Pick<ApiRequest, "query">): boolean {
  const values = request.query("dryRun");
  if (values.some((value) => value !== "true" && value !== "false")) {
    // An update that was meant as a trial must not happen.
    throw new CoordinatorError("REQUEST_MALFORMED", "query parameter dryRun is not true or false");
  }
  return values.includes("true");
}

function usersOrNull(users: readonly string[]): readonly string[] | null {
  return users.length === 0 ? null : users;
}

function secretsIfAny({ recoverySecrets }: UpdateProgress): GoJsonValue | undefined {
  return recoverySecrets.size === 0 ? undefined : recoverySecrets;
}
