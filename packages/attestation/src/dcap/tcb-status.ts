import { AttestationError } from "../error.ts";

/** What Intel says about a TCB level, best first (section 2.4). */
const TCB_STATUSES = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
  "Revoked",
] as const;
export type TcbStatus = (typeof TCB_STATUSES)[number];

/** The status that `text` names. Throws `TCB_STATUS_UNRECOGNIZED`. */
export function parseTcbStatus(text: string): TcbStatus {
  const status = TCB_STATUSES.find((candidate) => candidate === text);
  if (status !== undefined) return status;
  throw new AttestationError("TCB_STATUS_UNRECOGNIZED", "tcb status is none that is known");
}

/** Merges the platform's status with those of the components it relies on (table of section 2.4). */
export function convergeTcbStatus(
  platform: TcbStatus,
  components: readonly TcbStatus[],
): TcbStatus {
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
