import type { Manifest } from "./manifest.ts";

/** `package` raises security versions only; `full` replaces the manifest. */
export type UpdateKind = "package" | "full";

/**
 * What an update manifest asks for (spec marblerun section 7.1): everything but `Packages` and
 * `Config` is empty in a package update.
 */
export function kindOfUpdate(manifest: Manifest): UpdateKind {
  const sections = [
    manifest.infrastructures,
    manifest.marbles,
    manifest.users,
    manifest.recoveryKeys,
    manifest.roles,
    manifest.secrets,
    manifest.tls,
  ];
  return sections.every((section) => section.size === 0) ? "package" : "full";
}
