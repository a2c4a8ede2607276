import { manifestFingerprint } from "@carrara/client";
import { diffManifests, ManifestError, parseManifest } from "@carrara/manifest";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { loadManifest } from "./load-manifest.ts";

/** What is taken in place of a file. */
const FINGERPRINT = /^[0-9a-fA-F]{64}$/;

/** Differences that an error names: as many as a screen shows. */
const MAX_DIFFERENCES = 20;

/** The manifest that somebody wants to be in force. */
export interface ExpectedManifest {
  readonly fingerprint: string;
  /** Undefined where only the fingerprint is known. */
  readonly manifest: Uint8Array | undefined;
}

/** The manifest in a file, or the one that a fingerprint names. */
export async function loadExpectedManifest(
  context: CommandContext,
  fileOrFingerprint: string,
): Promise<ExpectedManifest> {
  if (FINGERPRINT.test(fileOrFingerprint)) {
    return { fingerprint: fileOrFingerprint.toLowerCase(), manifest: undefined };
  }
  const manifest = await loadManifest(context, fileOrFingerprint);
  return { fingerprint: await manifestFingerprint(manifest), manifest };
}

/** Makes sure that `active` is the one. Throws `MANIFEST_MISMATCH`, which says what differs. */
export function requireManifest(
  { fingerprint, manifest }: ExpectedManifest,
  active: { readonly fingerprint: string; readonly bytes: Uint8Array },
): void {
  if (active.fingerprint === fingerprint) return;
  throw new CliError(
    "MANIFEST_MISMATCH",
    `the Coordinator enforces the manifest ${active.fingerprint}, expected ${fingerprint}${differences(manifest, active.bytes)}`,
  );
}

/** What the two manifests say differently, in a line each; nothing where either cannot be read. */
function differences(expected: Uint8Array | undefined, active: Uint8Array): string {
  if (expected === undefined) return "";
  try {
    const changes = diffManifests(parseManifest(expected), parseManifest(active));
    const found = changes.filter(({ change }) => change !== "follows");
    if (found.length === 0) return "; they say the same in other bytes";
    return [";", ...found.slice(0, MAX_DIFFERENCES).map(({ sentence }) => sentence)].join("\n  ");
  } catch (cause) {
    if (cause instanceof ManifestError) return "";
    throw cause;
  }
}
