import {
  encodeSgxReportBody,
  type SgxReportBody,
  type TcbStatus,
  type VerifiedSgxQuote,
} from "@carrara/attestation";
import { concatBytes, utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import {
  appraiseCoordinator,
  type CoordinatorExpectations,
  checkReportData,
  DEFAULT_ACCEPTED_TCB_STATUSES,
} from "./appraise-coordinator.ts";

const BODY: SgxReportBody = {
  raw: encodeSgxReportBody({}),
  cpuSvn: new Uint8Array(16),
  miscSelect: new Uint8Array(4),
  isvExtProdId: new Uint8Array(16),
  attributes: new Uint8Array(16),
  mrEnclave: new Uint8Array(32).fill(1),
  mrSigner: new Uint8Array(32).fill(2),
  configId: new Uint8Array(64),
  isvProdId: 3,
  isvSvn: 2,
  configSvn: 0,
  isvFamilyId: new Uint8Array(16),
  reportData: new Uint8Array(64),
  debug: false,
};

/** What a verifier would say of genuine hardware. */
function verified(status: TcbStatus, advisoryIds: readonly string[] = []): VerifiedSgxQuote {
  const facts = { assurance: "hardware", status, advisoryIds, body: BODY } as const;
  return facts as unknown as VerifiedSgxQuote; // appraisal reads these fields only
}

const EXPECTED: CoordinatorExpectations = {
  insecure: false,
  identity: { uniqueId: BODY.mrEnclave, productId: 0, securityVersion: 0, debug: false },
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
    expect(() => appraiseCoordinator(verified(status, advisories), expected)).not.toThrow();
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
    expect(() => appraiseCoordinator(verified(status, advisories), expected)).toThrow(
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
