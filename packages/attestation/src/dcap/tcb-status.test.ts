import { expect, test } from "vitest";
import { convergeTcbStatus, parseTcbStatus, type TcbStatus } from "./tcb-status.ts";

const UP: TcbStatus = "UpToDate";
const OUT: TcbStatus = "OutOfDate";

test.each<[TcbStatus, TcbStatus, TcbStatus]>([
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
  expect(parseTcbStatus(platform)).toBe(platform);
});

test.each(["", "uptodate", "TDRelaunchAdvised", "__proto__"])("%j is no status", (text) => {
  expect(() => parseTcbStatus(text)).toThrow(
    expect.objectContaining({ code: "TCB_STATUS_UNRECOGNIZED" }),
  );
});
