import { describePackage, describePlatform } from "./describe-entry.ts";
import type { Infrastructure, Package } from "./manifest.ts";
import { changesOf, compareMaps, type ManifestChange } from "./manifest-change.ts";
import { isSameValue } from "./same-value.ts";

const { added, removed, changed } = changesOf("package");

/** What code may run after the update that could not before, and the other way round. */
export function diffPackages(
  before: ReadonlyMap<string, Package>,
  after: ReadonlyMap<string, Package>,
): readonly ManifestChange[] {
  const difference = compareMaps(before, after);
  return [
    ...difference.removed.map(([name]) =>
      removed(name, `Package ${name} is removed: its code may no longer run.`),
    ),
    ...difference.added.map(([name, pkg]) =>
      added(name, `Package ${name} is new and allows ${describePackage(pkg)}.`),
    ),
    ...difference.common.flatMap(([name, old, pkg]) => diffPackage(name, old, pkg)),
  ];
}

function diffPackage(name: string, old: Package, pkg: Package): readonly ManifestChange[] {
  const [had, has] = [old, pkg].map((each) => describePackage(withoutVersion(each)));
  const platformStays =
    isSameValue(old.acceptedTcbStatuses, pkg.acceptedTcbStatuses) &&
    isSameValue(old.acceptedAdvisories, pkg.acceptedAdvisories);
  return [
    ...diffSecurityVersion(name, old.securityVersion, pkg.securityVersion),
    ...(had === has
      ? []
      : [changed(name, `Package ${name} allows other code than before (${had}), namely ${has}.`)]),
    ...(platformStays
      ? []
      : [changed(name, `Package ${name} may run on ${describePlatform(pkg)}.`)]),
  ];
}

function withoutVersion(pkg: Package): Package {
  return { ...pkg, securityVersion: undefined };
}

function diffSecurityVersion(
  name: string,
  before: number | undefined,
  after: number | undefined,
): readonly ManifestChange[] {
  if (before === after) return [];
  const what = `security version of package ${name}`;
  if (after === undefined) return [changed(name, `The ${what} is no longer looked at.`)];
  if (before === undefined)
    return [changed(name, `The ${what} must be at least ${after} from now on.`)];
  return after > before
    ? [
        changed(
          name,
          `The ${what} rises from ${before} to ${after}: older builds may no longer run.`,
        ),
      ]
    : [
        changed(
          name,
          `The ${what} falls from ${before} to ${after}: builds with known holes may run again.`,
        ),
      ];
}

/** Platforms that were named; nothing depends on them. */
export function diffInfrastructures(
  before: ReadonlyMap<string, Infrastructure>,
  after: ReadonlyMap<string, Infrastructure>,
): readonly ManifestChange[] {
  const entry = changesOf("infrastructure");
  const difference = compareMaps(before, after);
  const what = (name: string, how: string) =>
    `Infrastructure ${name} is ${how}; no decision depends on it.`;
  return [
    ...difference.removed.map(([name]) => entry.removed(name, what(name, "removed"))),
    ...difference.added.map(([name]) => entry.added(name, what(name, "new"))),
    ...difference.common
      .filter(([, old, now]) => !isSameValue(old, now))
      .map(([name]) => entry.changed(name, what(name, "changed"))),
  ];
}
