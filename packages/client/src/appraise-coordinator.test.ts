import type { SoftwareIdentity, TcbStatus } from "@carrara/attestation";
import { concatBytes, fromHex, utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import {
  appraiseCoordinator,
  type CoordinatorExpectations,
  checkReportData,
  DEFAULT_ACCEPTED_TCB_STATUSES,
} from "./appraise-coordinator.ts";

const IDENTITY: SoftwareIdentity = {
  uniqueId: "01".repeat(32),
  signer: { signerId: "02".repeat(32), productId: 3, securityVersion: 2 },
  debug: false,
  reportData: new Uint8Array(64),
};

/** What a verifier would say of genuine hardware. */
function claims(
  status: TcbStatus | undefined,
  advisoryIds: readonly string[] = [],
  identity = IDENTITY,
) {
  return { identity, status, advisoryIds, exposure: [] };
}

const EXPECTED: CoordinatorExpectations = {
  insecure: false,
  identity: {
    uniqueId: fromHex(IDENTITY.uniqueId),
    productId: 0,
    securityVersion: 0,
    debug: false,
  },
  acceptedTcbStatuses: DEFAULT_ACCEPTED_TCB_STATUSES,
  acceptedAdvisories: [],
};

describe("appraiseCoordinator", () => {
  test.each<[TcbStatus, readonly string[], Partial<CoordinatorExpectations>]>([
    ["UpToDate", [], {}],
    ["UpToDate", [], { acceptedTcbStatuses: [] }],
    ["SWHardeningNeeded", ["INTEL-SA-1"], {}],
    ["SWHardeningNeeded", ["INTEL-SA-1"], { acceptedAdvisories: ["intel-sa-1", "INTEL-SA-2"] }],
    ["OutOfDate", [], { acceptedTcbStatuses: ["OutOfDate"] }],
    ["UpToDate", [], { identity: undefined, insecure: true }],
  ])("accepts %s with advisories %j under %j", (status, advisories, change) => {
    const expected = { ...EXPECTED, ...change };
    expect(() => appraiseCoordinator(claims(status, advisories), expected)).not.toThrow();
  });

  const signedBy = { signerId: fromHex("02".repeat(32)), productId: 3, securityVersion: 2 };

  test("accepts a platform without TCB status, which is AMD's", () => {
    expect(() => appraiseCoordinator(claims(undefined), EXPECTED)).not.toThrow();
  });

  test("refuses a signer that the evidence does not prove", () => {
    const identity = { ...signedBy, debug: false };
    const { signer: _, ...td } = IDENTITY;
    expect(() => appraiseCoordinator(claims("UpToDate"), { ...EXPECTED, identity })).not.toThrow();
    expect(() =>
      appraiseCoordinator(claims("UpToDate", [], td), { ...EXPECTED, identity }),
    ).toThrow(expect.objectContaining({ code: "COORDINATOR_REFUSED" }));
  });

  test("refuses a guest that its host can reach into", () => {
    const exposure = [{ code: "POLICY_TD_MIGRATABLE", message: "the td can be migrated" }] as const;
    expect(() =>
      appraiseCoordinator({ ...claims("UpToDate"), exposure }, { ...EXPECTED, insecure: true }),
    ).toThrow(expect.objectContaining({ code: "COORDINATOR_REFUSED" }));
  });

  test.each<[TcbStatus, readonly string[], Partial<CoordinatorExpectations>, string]>([
    ["OutOfDate", [], {}, "COORDINATOR_REFUSED"],
    ["SWHardeningNeeded", [], { acceptedTcbStatuses: ["UpToDate"] }, "COORDINATOR_REFUSED"],
    [
      "SWHardeningNeeded",
      ["INTEL-SA-1"],
      { acceptedAdvisories: ["INTEL-SA-2"] },
      "COORDINATOR_REFUSED",
    ],
    ["OutOfDate", [], { identity: undefined, insecure: true }, "COORDINATOR_REFUSED"],
    ["UpToDate", [], { identity: undefined }, "IDENTITY_MISSING"],
  ])("refuses %s with advisories %j under %j", (status, advisories, change, code) => {
    const expected = { ...EXPECTED, ...change };
    expect(() => appraiseCoordinator(claims(status, advisories), expected)).toThrow(
      expect.objectContaining({ name: "ClientError", code }),
    );
  });
});

describe("checkReportData", () => {
  const root = utf8("root certificate");
  const over = async (bytes: Uint8Array) =>
    concatBytes(
      new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes))),
      new Uint8Array(32),
    );

  test("wants the hash of root and nonce, and zeros", async () => {
    const none = new Uint8Array(0);
    await expect(checkReportData(await over(root), root, none)).resolves.toBeUndefined();
    const both = await over(concatBytes(root, utf8("n")));
    await expect(checkReportData(both, root, utf8("n"))).resolves.toBeUndefined();
  });

  test.each([0, 31, 32, 63])("refuses a changed byte %i with EVIDENCE_OTHER_KEY", async (index) => {
    const reportData = await over(root);
    reportData[index] = (reportData[index] ?? 0) ^ 1;
    await expect(checkReportData(reportData, root, new Uint8Array(0))).rejects.toMatchObject({
      name: "ClientError",
      code: "EVIDENCE_OTHER_KEY",
    });
  });
});
