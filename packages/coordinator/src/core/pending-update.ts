import { utf8 } from "@carrara/encoding";
import {
  encodeGoJson,
  goBool,
  goBytes,
  goMap,
  goNullable,
  goObject,
  goUint,
  readGoJson,
} from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";
import type { MeshState } from "./state.ts";

/** A full update that waits for acknowledgements (section 7.4). */
export interface PendingUpdate {
  /** The bytes that every acknowledgement has to repeat. */
  readonly manifestBytes: Uint8Array;
  /** Who may acknowledge, by name, and whether they have. */
  readonly requiredUsers: ReadonlyMap<string, boolean>;
  /** With a threshold fewer than there are users who have not acknowledged. */
  readonly missingAcknowledgments: number;
}

/** Users who have not acknowledged, by name. */
export function missingUsersOf({ requiredUsers }: PendingUpdate): readonly string[] {
  return [...requiredUsers]
    .filter(([, acknowledged]) => !acknowledged)
    .map(([name]) => name)
    .toSorted();
}

/** The update with the acknowledgement of `user`, who is one of those required; repeating it is harmless. */
export function withAcknowledgment(pending: PendingUpdate, user: string): PendingUpdate {
  if (pending.requiredUsers.get(user) !== false) return pending;
  return {
    ...pending,
    requiredUsers: new Map(pending.requiredUsers).set(user, true),
    missingAcknowledgments: Math.max(0, pending.missingAcknowledgments - 1),
  };
}

/** The pending update. Throws `NO_UPDATE` with the text clients compare. */
export function requirePendingUpdate({ pendingUpdate }: MeshState): PendingUpdate {
  if (pendingUpdate === undefined) {
    throw new CoordinatorError("NO_UPDATE", "no update in progress");
  }
  return pendingUpdate;
}

/** What clients are told about an update with so many acknowledgements missing (section 2.4). */
export function progressMessage(missing: number): string {
  if (missing === 0) {
    return "All users have acknowledged the update manifest. Update successfully applied";
  }
  return missing === 1
    ? "1 user still needs to acknowledge the update manifest"
    : `${missing} users still need to acknowledge the update manifest`;
}

/** The stored form. */
export function encodePendingUpdate(pending: PendingUpdate): Uint8Array {
  const { manifestBytes, requiredUsers, missingAcknowledgments } = pending;
  return utf8(encodeGoJson({ manifestRaw: manifestBytes, requiredUsers, missingAcknowledgments }));
}

const decoder = goObject({
  manifestRaw: goBytes,
  requiredUsers: goMap(goBool),
  missingAcknowledgments: goNullable(goUint),
});

/** Reads {@link encodePendingUpdate}'s form, and the older one without a count. Throws the `JSON_…` codes. */
export function decodePendingUpdate(bytes: Uint8Array): PendingUpdate {
  const { manifestRaw, requiredUsers, missingAcknowledgments } = readGoJson(
    bytes,
    decoder,
    "whole",
  );
  const unacknowledged = [...requiredUsers.values()].filter((acknowledged) => !acknowledged);
  return {
    manifestBytes: manifestRaw,
    requiredUsers,
    missingAcknowledgments: missingAcknowledgments ?? unacknowledged.length,
  };
}
