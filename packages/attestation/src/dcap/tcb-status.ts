import { AttestationError } from "../error.ts";

/** What Intel says about a TCB level, best first. */
const LEVEL_STATUSES = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
  "Revoked",
] as const;
/** Status of a level in signed collateral. */
export type LevelStatus = (typeof LEVEL_STATUSES)[number];

/**
 * Status of verified evidence (section 2.4). The two that advise a relaunch belong to no level: they
 * say that the TDX module was updated under a TD that was launched under an old one.
 */
export type TcbStatus = LevelStatus | "TDRelaunchAdvised" | "TDRelaunchAdvisedConfigurationNeeded";

/** The status that `text` names. Throws `TCB_STATUS_UNRECOGNIZED`. */
export function parseLevelStatus(text: string): LevelStatus {
  const status = LEVEL_STATUSES.find((candidate) => candidate === text);
  if (status !== undefined) return status;
  throw new AttestationError("TCB_STATUS_UNRECOGNIZED", "tcb status is none that is known");
}

/** Merges the platform's status with those of the components it relies on (table of section 2.4). */
export function convergeTcbStatus(
  platform: LevelStatus,
  components: readonly LevelStatus[],
): LevelStatus {
  if (platform === "Revoked" || components.includes("Revoked")) return "Revoked";
  if (!components.includes("OutOfDate")) return platform;
  switch (platform) {
    case "UpToDate":
    case "SWHardeningNeeded":
      return "OutOfDate";
    case "ConfigurationNeeded":
    case "ConfigurationAndSWHardeningNeeded":
      return "OutOfDateConfigurationNeeded";
    case "OutOfDate":
    case "OutOfDateConfigurationNeeded":
      return platform;
  }
}

const OUT_OF_DATE: ReadonlySet<LevelStatus> = new Set([
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
]);
const NEEDS_CONFIGURATION: ReadonlySet<LevelStatus> = new Set([
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDateConfigurationNeeded",
]);

/** The status of a TD that was launched at one level and runs at another (section 2.4, relaunch). */
export function relaunchStatus(launch: LevelStatus, current: LevelStatus): TcbStatus {
  const helps = current !== "Revoked" && !OUT_OF_DATE.has(current);
  if (!OUT_OF_DATE.has(launch) || !helps) return launch;
  return NEEDS_CONFIGURATION.has(launch) || NEEDS_CONFIGURATION.has(current)
    ? "TDRelaunchAdvisedConfigurationNeeded"
    : "TDRelaunchAdvised";
}
