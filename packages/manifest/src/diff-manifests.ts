import { diffRoles, diffUpdateRule, diffUsers } from "./diff-access.ts";
import { diffConfig, diffRecovery } from "./diff-config.ts";
import { diffMarbles, diffTlsTags } from "./diff-marbles.ts";
import { diffInfrastructures, diffPackages } from "./diff-packages.ts";
import { diffSecrets, diffSecretsOfPackageUpdate } from "./diff-secrets.ts";
import type { Manifest, Package } from "./manifest.ts";
import { changesOf, type ManifestChange } from "./manifest-change.ts";
import { kindOfUpdate } from "./update-kind.ts";

/**
 * What the update `after` does to a mesh with the manifest `before`, in words: what runs, who may
 * change it, which secrets stay, and what any update does besides (`follows`). A package update is
 * read as one. Manifests that say the same give nothing. Throws `MANIFEST_USER_ROLE_UNKNOWN`,
 * `MANIFEST_ROLE_ACTION`, `MANIFEST_SEAL_MODE` for manifests that were not validated.
 */
export function diffManifests(before: Manifest, after: Manifest): readonly ManifestChange[] {
  const changes = describeUpdate(before, after);
  return changes.some(({ change }) => change !== "follows") ? changes : [];
}

/** Like {@link diffManifests}, and says what an update to the very same manifest does. */
export function describeUpdate(before: Manifest, after: Manifest): readonly ManifestChange[] {
  return [
    ...(kindOfUpdate(after) === "package"
      ? describePackageUpdate(before, after.packages)
      : describeFullUpdate(before, after)),
    changesOf("certificate").follows(
      "",
      "The intermediate CA and the Marble root are replaced; Marbles that run keep their certificates until they are activated again.",
    ),
  ];
}

function describeFullUpdate(before: Manifest, after: Manifest): readonly ManifestChange[] {
  return [
    ...diffPackages(before.packages, after.packages),
    ...diffInfrastructures(before.infrastructures, after.infrastructures),
    ...diffMarbles(before.marbles, after.marbles),
    ...diffTlsTags(before.tls, after.tls),
    ...diffSecrets(before, after),
    ...diffRoles(before, after),
    ...diffUsers(before, after),
    ...diffUpdateRule(before, after),
    ...diffRecovery(before, after),
    ...diffConfig(before, after),
  ];
}

function describePackageUpdate(
  before: Manifest,
  raised: ReadonlyMap<string, Package>,
): readonly ManifestChange[] {
  const unknown = [...raised.keys()].filter((name) => !before.packages.has(name));
  return [
    ...diffPackages(before.packages, withSecurityVersions(before.packages, raised)),
    ...unknown.map((name) =>
      changesOf("package").changed(
        name,
        `Package ${name} is not in the manifest in force: the update is refused.`,
      ),
    ),
    ...diffSecretsOfPackageUpdate(before),
  ];
}

/** `packages` with the security versions that a package update names; nothing else of it counts. */
export function withSecurityVersions(
  packages: ReadonlyMap<string, Package>,
  raised: ReadonlyMap<string, Package>,
): ReadonlyMap<string, Package> {
  return new Map(
    [...packages].map(([name, pkg]) => {
      const securityVersion = raised.get(name)?.securityVersion ?? pkg.securityVersion;
      return [name, { ...pkg, securityVersion }];
    }),
  );
}
