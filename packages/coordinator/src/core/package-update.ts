import { type Manifest, type Package, withSecurityVersions } from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";
import { rotateIntermediate } from "./authority.ts";
import type { MeshUser } from "./deployment.ts";
import { requireGrant } from "./require-grant.ts";
import type { RunningState } from "./state.ts";
import { updateLogEntry } from "./update-log.ts";
import { APPLIED, type UpdateContext, type UpdatePlan } from "./update-plan.ts";
import { secretsAfterPackageUpdate } from "./update-secrets.ts";

/**
 * Plans the raise of security versions (section 7.2). Throws `PERMISSION_DENIED`, `UPDATE_INVALID`,
 * `UPDATE_DOWNGRADE`, `SECRET_INVALID`.
 */
export async function planPackageUpdate(
  state: RunningState,
  user: MeshUser,
  { packages }: Pick<Manifest, "packages">,
  context: UpdateContext,
): Promise<UpdatePlan> {
  const { deployment } = state;
  const stored = deployment.manifest.packages;
  requireGrant(user, "updatesecurityversion", [...packages.keys()]);
  const versions = [...packages].map(([name, pkg]) => {
    return [name, requireRaise(name, pkg, stored.get(name))] as const;
  });
  if (versions.length === 0) refuse("the update manifest has no packages");
  const authority = await rotateIntermediate(state.authority, context.now);
  const secrets = await secretsAfterPackageUpdate(state, { ...context, authority });
  const manifest = {
    ...deployment.manifest,
    packages: withSecurityVersions(stored, packages),
  };
  const lines = versions.map(([name, version]) =>
    updateLogEntry(context.now, "SecurityVersion increased", {
      user: user.name,
      package: name,
      "new version": version,
    }),
  );
  return {
    changes: { authority, secrets, deployment: { ...deployment, manifest } },
    lines,
    progress: APPLIED,
    recovery: undefined,
    warnings: [],
    failure: undefined,
  };
}

function requireRaise(name: string, update: Package, stored: Package | undefined): number {
  if (stored === undefined) refuse(`the manifest in force has no package ${name}`);
  const { debug, uniqueId, signerId, productId, securityVersion } = update;
  if (debug || uniqueId !== "" || signerId !== "" || productId !== undefined) {
    refuse(`package ${name}: only the SecurityVersion of a package can be updated`);
  }
  if (securityVersion === undefined) return refuse(`package ${name} has no SecurityVersion`);
  const before = stored.securityVersion ?? 0;
  if (securityVersion < before) {
    throw new CoordinatorError(
      "UPDATE_DOWNGRADE",
      `update manifest tries to downgrade SecurityVersion of the original manifest: package ${name} from ${before} to ${securityVersion}`,
    );
  }
  return securityVersion;
}

function refuse(why: string): never {
  throw new CoordinatorError("UPDATE_INVALID", why);
}
