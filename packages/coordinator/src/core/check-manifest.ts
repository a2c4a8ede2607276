import { hasFeatureGate, type Manifest, validateManifest } from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";
import { asManifestError } from "./deployment.ts";

/**
 * Checks a manifest by the rules of section 4.4; resolves to its warnings. Throws `MANIFEST_INVALID`,
 * and `NOT_AVAILABLE` for what would silently not happen: sealing with an HSM.
 */
export function checkManifest(
  manifest: Manifest,
  context: Parameters<typeof validateManifest>[1],
): ReturnType<typeof validateManifest> {
  const warnings = asManifestError("check", () => validateManifest(manifest, context));
  if (hasFeatureGate(manifest, "AzureHSMSealing")) {
    throw new CoordinatorError("NOT_AVAILABLE", "sealing with an Azure HSM is not available");
  }
  return warnings;
}
