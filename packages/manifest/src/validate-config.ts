import { ManifestError } from "./error.ts";
import type { Manifest } from "./manifest.ts";

/** How the Coordinator's state key is sealed. */
export type SealMode = "ProductKey" | "UniqueKey" | "Disabled";

/** Optional abilities of the Coordinator. */
export type FeatureGate = "SignQuoteEndpoint" | "MonotonicCounter" | "AzureHSMSealing";

const SEAL_MODES: ReadonlyMap<string, SealMode> = new Map<string, SealMode>([
  ["", "ProductKey"],
  ["ProductKey", "ProductKey"],
  ["UniqueKey", "UniqueKey"],
  ["Disabled", "Disabled"],
]);
const FEATURE_GATES: readonly FeatureGate[] = [
  "SignQuoteEndpoint",
  "MonotonicCounter",
  "AzureHSMSealing",
];
const HSM_VARIABLES: readonly string[] = [
  "EDG_MAA_URL",
  "EDG_AZURE_HSM_VAULT_URL",
  "EDG_AZURE_HSM_KEY_NAME",
  "EDG_AZURE_CLIENT_ID",
  "EDG_AZURE_TENANT_ID",
];
const HSM_SECRET = "EDG_AZURE_CLIENT_SECRET";
const HSM_WORKLOAD_IDENTITY = ["EDG_AZURE_AUTHORITY_HOST", "EDG_AZURE_FEDERATED_TOKEN_FILE"];

/** The seal mode of a manifest, exact case, unset = `ProductKey`. Throws `MANIFEST_SEAL_MODE`. */
export function sealModeOf(manifest: Pick<Manifest, "config">): SealMode {
  const mode = SEAL_MODES.get(manifest.config.sealMode);
  if (mode !== undefined) return mode;
  throw new ManifestError(
    "MANIFEST_SEAL_MODE",
    `SealMode ${manifest.config.sealMode}, needed ProductKey, UniqueKey or Disabled`,
  );
}

/** Whether the manifest turns `gate` on; names match in any case. */
export function hasFeatureGate(manifest: Pick<Manifest, "config">, gate: FeatureGate): boolean {
  return manifest.config.featureGates.some((name) => name.toLowerCase() === gate.toLowerCase());
}

/**
 * Checks rules 8 to 11 of spec marblerun section 4.4. Throws `MANIFEST_UPDATE_THRESHOLD`,
 * `MANIFEST_SEAL_MODE`, `MANIFEST_FEATURE_GATE`, `MANIFEST_HSM_ENVIRONMENT`,
 * `MANIFEST_RECOVERY_THRESHOLD`.
 */
export function validateConfig(
  manifest: Manifest,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  validateUpdateThreshold(manifest);
  sealModeOf(manifest);
  validateFeatureGates(manifest);
  if (hasFeatureGate(manifest, "AzureHSMSealing")) validateHsmEnvironment(environment);
  validateRecoveryThreshold(manifest);
}

function validateUpdateThreshold(manifest: Manifest): void {
  const updaters = [...manifest.users.values()].filter(({ roles }) =>
    roles.some((name) => {
      const role = manifest.roles.get(name);
      // Only the first action counts, as upstream counts; a Manifest role has no second one.
      return (
        role?.resourceType === "Manifest" && role.actions[0]?.toLowerCase() === "updatemanifest"
      );
    }),
  ).length;
  const needed = manifest.config.updateThreshold;
  if (updaters < needed) {
    throw new ManifestError(
      "MANIFEST_UPDATE_THRESHOLD",
      `UpdateThreshold is ${needed} but only ${updaters} users may update the manifest`,
    );
  }
}

function validateFeatureGates(manifest: Manifest): void {
  const known = new Set(FEATURE_GATES.map((gate) => gate.toLowerCase()));
  const unknown = manifest.config.featureGates.find((gate) => !known.has(gate.toLowerCase()));
  if (unknown !== undefined) {
    throw new ManifestError("MANIFEST_FEATURE_GATE", `unknown feature gate ${unknown}`);
  }
}

/** An empty value counts as unset (section 1.2). */
function validateHsmEnvironment(environment: Readonly<Record<string, string | undefined>>): void {
  const isUnset = (name: string) => (environment[name] ?? "") === "";
  const missing = HSM_VARIABLES.filter(isUnset);
  if (isUnset(HSM_SECRET) && HSM_WORKLOAD_IDENTITY.some(isUnset)) {
    missing.push(`${HSM_SECRET} or ${HSM_WORKLOAD_IDENTITY.join(" and ")}`);
  }
  if (missing.length > 0) {
    const message = `AzureHSMSealing needs the environment variables ${missing.join(", ")}`;
    throw new ManifestError("MANIFEST_HSM_ENVIRONMENT", message);
  }
}

function validateRecoveryThreshold(manifest: Manifest): void {
  const threshold = manifest.config.recoveryThreshold;
  const keys = manifest.recoveryKeys.size;
  if (threshold === 1 || threshold > keys) {
    const needed = `0 or 2 to ${keys}, the number of recovery keys`;
    throw new ManifestError(
      "MANIFEST_RECOVERY_THRESHOLD",
      `RecoveryThreshold is ${threshold}, needed ${needed}`,
    );
  }
}
