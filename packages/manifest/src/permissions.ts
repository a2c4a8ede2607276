import { type Action, parseAction } from "./actions.ts";
import { ManifestError } from "./error.ts";
import type { Manifest } from "./manifest.ts";

/** What a user may do: for each action the names it is allowed for. */
export type Permissions = ReadonlyMap<Action, ReadonlySet<string>>;

/**
 * The union of what the user's roles allow (spec marblerun section 4.3). Throws
 * `MANIFEST_USER_ROLE_UNKNOWN` and `MANIFEST_ROLE_ACTION` for a manifest that was not validated.
 */
export function permissionsOf(
  manifest: Pick<Manifest, "roles">,
  user: { readonly roles: readonly string[] },
): Permissions {
  const permissions = new Map<Action, Set<string>>();
  for (const name of user.roles) {
    const role = manifest.roles.get(name);
    if (role === undefined) {
      throw new ManifestError("MANIFEST_USER_ROLE_UNKNOWN", `no role named ${name}`);
    }
    for (const actionName of role.actions) {
      const action = parseAction(role.resourceType, actionName);
      if (action === undefined) {
        throw new ManifestError(
          "MANIFEST_ROLE_ACTION",
          `role ${name}: unknown action ${actionName}`,
        );
      }
      const names = permissions.get(action) ?? new Set();
      for (const resource of role.resourceNames) names.add(resource);
      permissions.set(action, names);
    }
  }
  return permissions;
}

/** Whether `action` is allowed on every one of `resources`; with no names the action alone counts. */
export function isGranted(
  permissions: Permissions,
  action: Action,
  resources: readonly string[],
): boolean {
  const names = permissions.get(action);
  return names !== undefined && resources.every((resource) => names.has(resource));
}
