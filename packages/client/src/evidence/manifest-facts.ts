import { parsePem } from "@carrara/encoding";
import { type Manifest, parseManifest, withSecurityVersions } from "@carrara/manifest";
import { OID, parseCertificate, verifySignature } from "@carrara/pki";
import { type ActiveManifest, createCoordinatorClient } from "../coordinator-client.ts";
import { ClientError } from "../error.ts";
import { createBundleTransport } from "./bundle-transport.ts";
import { type EvidenceFinding, findingOf, isCodedError } from "./evidence-finding.ts";
import type { EvidenceFacts } from "./evidence-report.ts";
import { parseUpdateLog, type UpdateEntry } from "./update-entry.ts";
import type { Verification } from "./verification.ts";

/** The manifest with Root's signature, and the log of its updates. Notes what it finds. */
export async function manifestFacts({
  bundle,
  coordinator,
  check,
  note,
}: Verification): Promise<Pick<EvidenceFacts, "manifest" | "updates">> {
  const trust = { kind: "pinned", rootPem: coordinator.rootPem } as const;
  const client = createCoordinatorClient({ transport: createBundleTransport(bundle), trust });
  const active = await check("manifest.refused", async () => {
    const found = await client.getManifest();
    await requireSignedByRoot(found, coordinator.rootPem);
    return { ...found, parsed: parseManifest(found.manifest) };
  });
  if (active !== undefined) note(findingOf("manifest.signed", "ok"));
  const updates = await readUpdateLog(() => client.getUpdateLog());
  note(updateFinding(updates));
  if (active === undefined) return { manifest: undefined, updates };
  const { manifest: bytes, fingerprint, parsed } = active;
  const manifest = { ...parsed, packages: raisedPackages(parsed, updates ?? []) };
  return { manifest: { bytes, fingerprint, manifest }, updates };
}

/** The Root key signs SHA-256 of the manifest with ECDSA (spec marblerun section 2.7). */
async function requireSignedByRoot(active: ActiveManifest, rootPem: string): Promise<void> {
  const root = parseCertificate(parsePem(rootPem)[0]?.bytes ?? new Uint8Array(0));
  const { signature, manifest } = active;
  if (await verifySignature(root.spki, OID.ecdsaWithSha256, signature, manifest)) return;
  throw new ClientError("MANIFEST_SIGNATURE_INVALID", "the manifest is not signed by the root key");
}

async function readUpdateLog(
  read: () => Promise<readonly string[]>,
): Promise<readonly UpdateEntry[] | undefined> {
  try {
    return parseUpdateLog(await read());
  } catch (error) {
    if (isCodedError(error)) return undefined;
    throw error;
  }
}

/** The first line tells of the first manifest, later ones of updates, agreements to them, and secrets. */
function updateFinding(updates: readonly UpdateEntry[] | undefined): EvidenceFinding {
  const last = updates?.at(-1);
  if (updates === undefined || last === undefined) return findingOf("updates.unknown", "warning");
  return findingOf(updates.length === 1 ? "updates.none" : "updates.some", "ok", {
    time: last.time,
  });
}

/** A package update raises versions without a new manifest. */
function raisedPackages(manifest: Manifest, updates: readonly UpdateEntry[]): Manifest["packages"] {
  let packages = manifest.packages;
  for (const { package: name, newVersion } of updates) {
    const found = name === undefined ? undefined : packages.get(name);
    if (name === undefined || found === undefined || newVersion === undefined) continue;
    if (newVersion < (found.securityVersion ?? 0)) continue;
    packages = withSecurityVersions(
      packages,
      new Map([[name, { ...found, securityVersion: newVersion }]]),
    );
  }
  return packages;
}
