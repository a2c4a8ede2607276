import { expect, test } from "vitest";
import {
  convergeTcbStatus,
  type LevelStatus,
  parseLevelStatus,
  relaunchStatus,
} from "./tcb-status.ts";

const UP: LevelStatus = "UpToDate";
const OUT: LevelStatus = "OutOfDate";

test.each<[LevelStatus, LevelStatus, LevelStatus]>([
  ["UpToDate", "OutOfDate", "Revoked"],
  ["SWHardeningNeeded", "OutOfDate", "Revoked"],
  ["ConfigurationNeeded", "OutOfDateConfigurationNeeded", "Revoked"],
  ["ConfigurationAndSWHardeningNeeded", "OutOfDateConfigurationNeeded", "Revoked"],
  ["OutOfDate", "OutOfDate", "Revoked"],
  ["OutOfDateConfigurationNeeded", "OutOfDateConfigurationNeeded", "Revoked"],
  ["Revoked", "Revoked", "Revoked"],
])("a platform %s is %s with an old and %s with a revoked component", (platform, old, revoked) => {
  expect(convergeTcbStatus(platform, [])).toBe(platform);
  expect(convergeTcbStatus(platform, [UP, UP])).toBe(platform);
  expect(convergeTcbStatus(platform, [UP, OUT])).toBe(old);
  expect(convergeTcbStatus(platform, [OUT, "Revoked"])).toBe(revoked);
  expect(parseLevelStatus(platform)).toBe(platform);
});

test.each(["", "uptodate", "TDRelaunchAdvised", "__proto__"])("%j is no status", (text) => {
  expect(() => parseLevelStatus(text)).toThrow(
    expect.objectContaining({ code: "TCB_STATUS_UNRECOGNIZED" }),
  );
});

test.each<[LevelStatus, LevelStatus, string]>([
  ["OutOfDate", "UpToDate", "TDRelaunchAdvised"],
  ["OutOfDate", "SWHardeningNeeded", "TDRelaunchAdvised"],
  ["OutOfDate", "ConfigurationNeeded", "TDRelaunchAdvisedConfigurationNeeded"],
  ["OutOfDate", "ConfigurationAndSWHardeningNeeded", "TDRelaunchAdvisedConfigurationNeeded"],
  ["OutOfDateConfigurationNeeded", "UpToDate", "TDRelaunchAdvisedConfigurationNeeded"],
  ["OutOfDate", "OutOfDate", "OutOfDate"],
  ["OutOfDate", "OutOfDateConfigurationNeeded", "OutOfDate"],
  ["OutOfDate", "Revoked", "OutOfDate"],
  ["UpToDate", "UpToDate", "UpToDate"],
  ["SWHardeningNeeded", "UpToDate", "SWHardeningNeeded"],
])("a td launched at %s that runs at %s is %s", (launch, current, status) => {
  expect(relaunchStatus(launch, current)).toBe(status);
});
