import { type Action, isGranted } from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";
import type { MeshUser } from "./deployment.ts";

const WHAT: Readonly<Record<Action, string>> = {
  readsecret: "read every secret of the request",
  writesecret: "write every secret of the request",
  updatesecurityversion: "raise the security version of every package of the request",
  updatemanifest: "update the manifest",
};

/** Throws `PERMISSION_DENIED` unless `user` may do `action` with every one of `names`. */
export function requireGrant(user: MeshUser, action: Action, names: readonly string[]): void {
  if (!isGranted(user.permissions, action, names)) {
    throw new CoordinatorError(
      "PERMISSION_DENIED",
      `user ${user.name} is not allowed to ${WHAT[action]}`,
    );
  }
}
