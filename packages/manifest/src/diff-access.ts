import type { Action } from "./actions.ts";
import { describeAction, describeQuorum } from "./describe-entry.ts";
import type { Manifest, User } from "./manifest.ts";
import { changesOf, compareMaps, type ManifestChange } from "./manifest-change.ts";
import { permissionsOf } from "./permissions.ts";
import { isSameValue } from "./same-value.ts";
import { neededAcknowledgments, updatersOf } from "./update-rules.ts";
import { listOf } from "./word-list.ts";

/** What a user may do: `action` and resource, in words. */
export function grantsOf(manifest: Pick<Manifest, "roles">, user: User): ReadonlySet<string> {
  const grants = [...permissionsOf(manifest, user)].flatMap(([action, names]) =>
    action === "updatemanifest"
      ? [describeAction(action, "")]
      : [...names].map((name) => describeAction(action satisfies Action, name)),
  );
  return new Set(grants);
}

/** Who is known after the update, and what each may do that could not before. */
export function diffUsers(before: Manifest, after: Manifest): readonly ManifestChange[] {
  const { added, removed, changed } = changesOf("user");
  const difference = compareMaps(before.users, after.users);
  return [
    ...difference.removed.map(([name]) => removed(name, `User ${name} is removed.`)),
    ...difference.added.map(([name, user]) => {
      const grants = grantsOf(after, user);
      const may = grants.size === 0 ? "may do nothing" : `may ${listOf(grants)}`;
      return added(name, `User ${name} is new and ${may}.`);
    }),
    ...difference.common.flatMap(([name, old, user]) => [
      ...(old.certificate === user.certificate
        ? []
        : [changed(name, `User ${name} has another certificate; the old one is refused.`)]),
      ...diffGrants(name, grantsOf(before, old), grantsOf(after, user)),
    ]),
  ];
}

function diffGrants(
  name: string,
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
): readonly ManifestChange[] {
  const { added, removed } = changesOf("permission");
  const gained = [...after].filter((grant) => !before.has(grant));
  const lost = [...before].filter((grant) => !after.has(grant));
  return [
    ...(gained.length === 0 ? [] : [added(name, `User ${name} may now ${listOf(gained)}.`)]),
    ...(lost.length === 0 ? [] : [removed(name, `User ${name} may no longer ${listOf(lost)}.`)]),
  ];
}

/** Roles by name; what they change for somebody is said at the users. */
export function diffRoles(before: Manifest, after: Manifest): readonly ManifestChange[] {
  const { added, removed, changed } = changesOf("role");
  const difference = compareMaps(before.roles, after.roles);
  return [
    ...difference.removed.map(([name]) => removed(name, `Role ${name} is removed.`)),
    ...difference.added.map(([name]) => added(name, `Role ${name} is new.`)),
    ...difference.common
      .filter(([, old, role]) => !isSameValue(old, role))
      .map(([name]) => changed(name, `Role ${name} allows something else.`)),
  ];
}

/** How many have to agree to the next full update. */
export function diffUpdateRule(before: Manifest, after: Manifest): readonly ManifestChange[] {
  const [had, has] = [describeUpdateRule(before), describeUpdateRule(after)];
  if (had === has) return [];
  return [changesOf("config").changed("UpdateThreshold", `${has} Before: ${had}`)];
}

/** Who has to agree to a full update, as a sentence. */
export function describeUpdateRule(manifest: Manifest): string {
  const updaters = updatersOf(manifest);
  if (updaters.length === 0) return "Nobody may update the manifest.";
  const quorum = describeQuorum(neededAcknowledgments(manifest), updaters.length, "user");
  return `A full update needs ${quorum}: ${listOf(updaters)}.`;
}
