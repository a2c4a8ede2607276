import type { EvidenceFacts } from "@carrara/client/evidence";
import { EncodingError, fromBase64, toBase64 } from "@carrara/encoding";
import {
  diffManifests,
  type Manifest,
  ManifestError,
  parseManifest,
  withSecurityVersions,
} from "@carrara/manifest";

/** What the voter has accepted of a mesh. */
export interface ManifestPin {
  /** SHA-256 of the Coordinator's root certificate. */
  readonly rootSha256: string;
  /** The Coordinator's measurement; empty without evidence. */
  readonly coordinator: string;
  /** What vouched for it: `hardware` or `simulation`. */
  readonly assurance: string;
  /** SHA-256 of the manifest. */
  readonly fingerprint: string;
  /** The manifest in base64, for the comparison in words; empty where it is too large to keep. */
  readonly manifest: string;
  /** Security versions by package: an update raises them without a new manifest. */
  readonly versions: Readonly<Record<string, number>>;
  /** When it was accepted, RFC 3339. */
  readonly acceptedAt: string;
}

/** How what runs now compares with what was accepted. */
export type PinComparison =
  | { readonly kind: "first" }
  | { readonly kind: "same"; readonly pin: ManifestPin }
  | {
      readonly kind: "changed";
      readonly pin: ManifestPin;
      readonly isOtherRoot: boolean;
      readonly isOtherProgram: boolean;
      /** What vouches now, where it is not what did before. */
      readonly otherAssurance: string | undefined;
      /** In English, one a change; empty where no words can be found. */
      readonly sentences: readonly string[];
    };

/** Characters of a manifest that are kept: browsers give a page a few million in all. */
const MAX_KEPT_CHARACTERS = 500_000;

/** The pin of verified facts; undefined while there is no manifest. */
export function pinOf(facts: EvidenceFacts, now: Date): ManifestPin | undefined {
  const { manifest, rootSha256 } = facts;
  if (manifest === undefined || rootSha256 === undefined) return undefined;
  const text = toBase64(manifest.bytes);
  return {
    rootSha256,
    coordinator: measurementOf(facts),
    assurance: facts.coordinator?.assurance ?? "none",
    fingerprint: manifest.fingerprint,
    manifest: text.length > MAX_KEPT_CHARACTERS ? "" : text,
    versions: versionsOf(manifest.manifest),
    acceptedAt: now.toISOString(),
  };
}

/** Compares verified facts with the pin that was kept. */
export function compareWithPin(facts: EvidenceFacts, pin: ManifestPin | undefined): PinComparison {
  if (pin === undefined) return { kind: "first" };
  const now = pinOf(facts, new Date(0));
  if (now === undefined || facts.manifest === undefined) return { kind: "same", pin };
  const isOtherRoot = now.rootSha256 !== pin.rootSha256;
  const isOtherProgram = now.coordinator !== pin.coordinator;
  const otherAssurance = now.assurance === pin.assurance ? undefined : now.assurance;
  const isSame =
    !isOtherRoot &&
    otherAssurance === undefined &&
    !isOtherProgram &&
    now.fingerprint === pin.fingerprint &&
    JSON.stringify(now.versions) === JSON.stringify(pin.versions);
  if (isSame) return { kind: "same", pin };
  const sentences = changesSince(pin, facts.manifest.manifest);
  return { kind: "changed", pin, isOtherRoot, isOtherProgram, otherAssurance, sentences };
}

/** Reads a kept pin; undefined for anything that is none. */
export function parsePin(text: string | undefined): ManifestPin | undefined {
  try {
    const pin: unknown = JSON.parse(text ?? "");
    return isPin(pin) ? pin : undefined;
  } catch {
    return undefined;
  }
}

function isPin(value: unknown): value is ManifestPin {
  if (typeof value !== "object" || value === null) return false;
  const pin: Readonly<Record<string, unknown>> = { ...value };
  const texts = ["rootSha256", "coordinator", "assurance", "fingerprint", "manifest", "acceptedAt"];
  const { versions } = pin;
  return (
    texts.every((name) => typeof pin[name] === "string") &&
    typeof versions === "object" &&
    versions !== null &&
    Object.values(versions).every((version) => typeof version === "number")
  );
}

function measurementOf({ coordinator }: EvidenceFacts): string {
  if (coordinator === undefined || coordinator.assurance === "none") return "";
  return coordinator.identity.uniqueId;
}

function versionsOf({ packages }: Manifest): Readonly<Record<string, number>> {
  const entries = [...packages].map(([name, pkg]) => [name, pkg.securityVersion ?? 0] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What this browser kept is no secret, but may have been changed: whatever it is, no error leaves here. */
function changesSince(pin: ManifestPin, after: Manifest): readonly string[] {
  try {
    const kept = parseManifest(fromBase64(pin.manifest));
    const raised = new Map(
      Object.entries(pin.versions).flatMap(([name, securityVersion]) => {
        const found = kept.packages.get(name);
        return found === undefined ? [] : [[name, { ...found, securityVersion }] as const];
      }),
    );
    const before = { ...kept, packages: withSecurityVersions(kept.packages, raised) };
    return diffManifests(before, after)
      .filter(({ change }) => change !== "follows")
      .map(({ sentence }) => sentence);
  } catch (cause) {
    if (cause instanceof ManifestError || cause instanceof EncodingError) return [];
    throw cause;
  }
}
