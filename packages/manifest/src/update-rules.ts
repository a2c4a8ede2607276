import type { Manifest, SecretDefinition } from "./manifest.ts";
import { permissionsOf } from "./permissions.ts";
import { isSameValue } from "./same-value.ts";

/**
 * What a full update does to a secret (spec marblerun section 6.5). `renewed`: a new value, the old
 * one becomes the previous. `replaced`: its definition changed, so it starts anew and its previous
 * value is the same as its value. `added` is treated as `replaced`, `removed` is gone from both.
 */
export type SecretFate = "kept" | "renewed" | "replaced" | "added" | "removed";

/** The fate of every secret of either manifest in a full update from `before` to `after`. */
export function secretFates(
  before: Pick<Manifest, "secrets">,
  after: Pick<Manifest, "secrets" | "config">,
): ReadonlyMap<string, SecretFate> {
  const fates = new Map<string, SecretFate>();
  for (const name of before.secrets.keys()) fates.set(name, "removed");
  for (const [name, definition] of after.secrets) {
    const old = before.secrets.get(name);
    fates.set(name, fateOf(old, definition, after.config.rotateRootSecret));
  }
  return fates;
}

function fateOf(
  before: SecretDefinition | undefined,
  after: SecretDefinition,
  rotates: boolean,
): SecretFate {
  if (before === undefined) return "added";
  if (!isSameDefinition(before, after)) return "replaced";
  if (after.userDefined) return "kept";
  // A Marble's own certificates are new at each activation, whatever the update.
  const isRenewedAlways = after.shared && after.type !== "symmetric-key";
  return isRenewedAlways || (rotates && after.type === "symmetric-key") ? "renewed" : "kept";
}

/** The certificate template does not count: a certificate is issued anew in any case. */
function isSameDefinition(a: SecretDefinition, b: SecretDefinition): boolean {
  return (
    a.type === b.type &&
    a.size === b.size &&
    a.shared === b.shared &&
    a.userDefined === b.userDefined &&
    a.validFor === b.validFor
  );
}

/** Shared certificates that the Coordinator makes: every update issues them anew. */
export function sharedCertificates(manifest: Pick<Manifest, "secrets">): readonly string[] {
  return [...manifest.secrets]
    .filter(([, each]) => each.shared && !each.userDefined && each.type.startsWith("cert-"))
    .map(([name]) => name);
}

/**
 * Names of the users who may update the manifest, in its order. Throws
 * `MANIFEST_USER_ROLE_UNKNOWN` and `MANIFEST_ROLE_ACTION` for a manifest that was not validated.
 */
export function updatersOf(manifest: Pick<Manifest, "users" | "roles">): readonly string[] {
  return [...manifest.users]
    .filter(([, user]) => permissionsOf(manifest, user).has("updatemanifest"))
    .map(([name]) => name);
}

/** Acknowledgements a full update of `manifest` needs, the initiator's included. */
export function neededAcknowledgments(
  manifest: Pick<Manifest, "users" | "roles" | "config">,
): number {
  const { updateThreshold } = manifest.config;
  return updateThreshold === 0 ? updatersOf(manifest).length : updateThreshold;
}

/** Recovery keys that are needed together; 0 where there are none. */
export function neededRecoveryKeys({
  recoveryKeys,
  config,
}: Pick<Manifest, "recoveryKeys" | "config">): number {
  return config.recoveryThreshold === 0 ? recoveryKeys.size : config.recoveryThreshold;
}

/** Whether an update makes new recovery secrets: other keys, or another number of them needed. */
export function isRecoveryChanged(
  before: Pick<Manifest, "recoveryKeys" | "config">,
  after: Pick<Manifest, "recoveryKeys" | "config">,
): boolean {
  return (
    neededRecoveryKeys(before) !== neededRecoveryKeys(after) ||
    !isSameValue(before.recoveryKeys, after.recoveryKeys)
  );
}
