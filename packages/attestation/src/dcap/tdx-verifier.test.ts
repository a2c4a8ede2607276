import { fromHex } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TestPlatformOptions } from "../testing/test-platform.ts";
import { createTestPlatform } from "../testing/test-platform.ts";
import {
  createTestTdxPlatform,
  type TdForm,
  TEST_TEE_TCB_SVN,
  tdQuote,
} from "../testing/test-td.ts";
import { codeOf, inputOf, REPORT_DATA } from "../testing/verify-code.ts";
import type { TdReportFields } from "./td-report.ts";
import { appraiseTdx, type TdxPolicy } from "./tdx-policy.ts";
import type { VerifiedTdxQuote } from "./verified-quote.ts";
import { createDcapVerifier, type DcapVerification } from "./verifier.ts";

const V4: TdForm = { version: 4 };
const V5: TdForm = { version: 5, report: "1.5" };

const platform = createTestTdxPlatform();

async function verify(input: DcapVerification): Promise<VerifiedTdxQuote> {
  const verified = await createDcapVerifier().verify(input);
  if (verified.tee !== "tdx") throw new Error("not a td");
  return verified;
}

async function verifyTd(
  fields: TdReportFields = {},
  form: TdForm = V4,
  options?: TestPlatformOptions,
): Promise<VerifiedTdxQuote> {
  const own = options === undefined ? platform : createTestTdxPlatform(options);
  return await verify(await inputOf(await own, tdQuote(form, REPORT_DATA, fields)));
}

/** TEE_TCB_SVN of `minor` and `major` with SEAM loader `loader`. */
function svn(minor: number, major: number, loader = 3): Uint8Array {
  return new Uint8Array([minor, major, loader, ...new Array<number>(13).fill(0)]);
}

describe("a td verifies", () => {
  test.each<[string, TdForm]>([
    ["in version 4", V4],
    ["in version 5 with report 1.0", { version: 5, report: "1.0" }],
    ["in version 5 with report 1.5", V5],
    ["in version 5 with the extended report", { version: 5, report: "1.5-extended" }],
  ])("%s", async (_, form) => {
    const verified = await verifyTd({}, form);
    expect(verified).toMatchObject({
      assurance: "simulation",
      tee: "tdx",
      status: "UpToDate",
      platformStatus: "UpToDate",
      moduleStatus: "UpToDate",
      qeStatus: "UpToDate",
      body: { debug: false, mrTd: new Uint8Array(48).fill(0xd0) },
    });
    expect(verified.currentTcb?.status).toBe(
      form.version === 5 && form.report !== "1.0" ? "UpToDate" : undefined,
    );
  });

  test("under a module of version 0, whose two bytes the platform's levels judge", async () => {
    const current = await verifyTd({ teeTcbSvn: svn(5, 0) });
    expect(current).toMatchObject({ status: "UpToDate" });
    expect(current.moduleStatus).toBeUndefined();
    expect(await verifyTd({ teeTcbSvn: svn(4, 0) })).toMatchObject({ status: "OutOfDate" });
  });

  test("with the status and advisories of an old module", async () => {
    expect(await verifyTd({ teeTcbSvn: svn(3, 1) })).toMatchObject({
      status: "OutOfDate",
      platformStatus: "UpToDate",
      moduleStatus: "OutOfDate",
      advisoryIds: ["INTEL-SA-00003"],
    });
  });

  test("with a relaunch advised when a newer module runs now", async () => {
    const verified = await verifyTd({ teeTcbSvn: svn(3, 1), teeTcbSvn2: svn(4, 1) }, V5);
    expect(verified.status).toBe("TDRelaunchAdvised");
    expect(verified.currentTcb).toMatchObject({ status: "UpToDate", advisoryIds: [] });
    expect(verified.advisoryIds).toEqual(["INTEL-SA-00003"]);
  });

  test("as out of date when the newer module is old too", async () => {
    const verified = await verifyTd({ teeTcbSvn: svn(2, 1), teeTcbSvn2: svn(3, 1) }, V5);
    expect(verified.status).toBe("OutOfDate");
    expect(verified.currentTcb?.status).toBe("OutOfDate");
  });
});

describe("a td is refused with", () => {
  test.each<[code: string, what: string, fields: TdReportFields, form?: TdForm]>([
    ["TDX_MODULE_MISMATCH", "a module that nobody knows", { teeTcbSvn: svn(5, 2) }],
    ["TDX_MODULE_MISMATCH", "a module now that nobody knows", { teeTcbSvn2: svn(5, 2) }, V5],
    ["TDX_MODULE_MISMATCH", "a signed module", { mrSignerSeam: new Uint8Array(48).fill(1) }],
    ["TDX_MODULE_MISMATCH", "seam attributes", { seamAttributes: fromHex("0100000000000000") }],
    ["TCB_LEVEL_NOT_SUPPORTED", "a module below all levels", { teeTcbSvn: svn(0, 1) }],
    ["TCB_LEVEL_NOT_SUPPORTED", "a loader below all levels", { teeTcbSvn: svn(5, 1, 1) }],
    ["TCB_LEVEL_NOT_SUPPORTED", "a loader now below all levels", { teeTcbSvn2: svn(5, 1, 0) }, V5],
    ["TCB_REVOKED", "a revoked module", { teeTcbSvn: svn(1, 1) }],
    ["TCB_REVOKED", "a revoked module that runs now", { teeTcbSvn2: svn(1, 1) }, V5],
  ])("%s: %s", async (code, _, fields, form) => {
    expect(await codeOf(verifyTd(fields, form))).toBe(code);
  });

  test.each<[code: string, what: string, options: TestPlatformOptions]>([
    [
      "QE_IDENTITY_MISMATCH",
      "the identity of the SGX quoting enclave",
      { qeIdentity: (good) => ({ ...good, id: "QE" }) },
    ],
    [
      "TCB_INFO_MALFORMED",
      "levels without tdx components",
      {
        tcbInfo: (good) => ({
          ...good,
          levels: good.levels.map(({ tdxComponents: _, ...level }) => level),
        }),
      },
    ],
    [
      "TCB_INFO_MALFORMED",
      "two modules of one id",
      {
        tcbInfo: (good) => ({
          ...good,
          ...(good.tdx === undefined
            ? {}
            : {
                tdx: { ...good.tdx, identities: [...good.tdx.identities, ...good.tdx.identities] },
              }),
        }),
      },
    ],
    [
      "TDX_MODULE_MISMATCH",
      "a module whose attributes lie outside their mask",
      {
        tcbInfo: (good) => ({
          ...good,
          ...(good.tdx === undefined
            ? {}
            : {
                tdx: {
                  ...good.tdx,
                  identities: good.tdx.identities.map((identity) => ({
                    ...identity,
                    attributes: "0100000000000000",
                    attributesMask: "00FFFFFFFFFFFFFF",
                  })),
                },
              }),
        }),
      },
    ],
  ])("%s: %s", async (code, _, options) => {
    const fields =
      code === "TDX_MODULE_MISMATCH" ? { seamAttributes: fromHex("0100000000000000") } : {};
    expect(await codeOf(verifyTd(fields, V4, options))).toBe(code);
  });

  test("TCB_INFO_MISMATCH: endorsements for SGX", async () => {
    const sgx = await createTestPlatform();
    const input = await inputOf(sgx, tdQuote(V4, REPORT_DATA));
    expect(await codeOf(verify(input))).toBe("TCB_INFO_MISMATCH");
  });

  test("TCB_INFO_MISMATCH: an SGX quote with endorsements for TDX", async () => {
    expect(await codeOf(createDcapVerifier().verify(await inputOf(await platform)))).toBe(
      "TCB_INFO_MISMATCH",
    );
  });

  test("some code for every flipped bit of what is signed", async () => {
    const input = await inputOf(await platform, tdQuote(V5, REPORT_DATA));
    const verifier = createDcapVerifier();
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * 701), async (bit) => {
        const quote = input.quote.slice();
        quote[bit >> 3] = (quote[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(await codeOf(verifier.verify({ ...input, quote }))).not.toBe("accepted");
      }),
      { numRuns: 200 },
    );
  });
});

describe("appraisal of a td", () => {
  const ANY: TdxPolicy = { measurement: "any", reportData: "any", acceptSimulation: true };
  const attributes = (hex: string): TdReportFields => ({ tdAttributes: fromHex(hex) });
  const codes = async (
    fields: TdReportFields,
    policy: Partial<TdxPolicy> = {},
    form: TdForm = V4,
  ): Promise<string[]> =>
    appraiseTdx(await verifyTd(fields, form), { ...ANY, ...policy }).map(({ code }) => code);
  const d0 = new Uint8Array(48).fill(0xd0);
  const d1 = new Uint8Array(48).fill(0xd1);
  const other = new Uint8Array(48).fill(0xee);

  test.each<[string, TdReportFields, Partial<TdxPolicy>, TdForm?]>([
    ["all registers", {}, { measurement: { mrTd: d0, rtMr0: d1, rtMr1: new Uint8Array(48) } }],
    ["PERFMON and TPA, which do not weaken it", attributes("00000010000000c0"), {}],
    ["an unknown bit of the upper group", attributes("0000001080000000"), {}],
    ["debug where it is allowed", attributes("0100001000000000"), { allowDebug: true }],
    [
      "no SEPT_VE_DISABLE where that is allowed",
      attributes("0000000000000000"),
      { allowSeptVe: true },
    ],
    ["migratable where that is allowed", attributes("0000003000000000"), { allowMigratable: true }],
    [
      "an unknown bit where that is allowed",
      attributes("0001001000000000"),
      { allowUnknownAttributes: true },
    ],
    ["a named service td", { mrServiceTd: other }, { mrServiceTd: other }, V5],
    ["any service td", { mrServiceTd: other }, { mrServiceTd: "any" }, V5],
    ["fields of the host", { mrOwner: other }, { mrOwner: other, mrConfigId: new Uint8Array(48) }],
    [
      "xfam and attributes",
      {},
      { xfam: new Uint8Array(8), tdAttributes: fromHex("0000001000000000") },
    ],
  ])("accepts %s", async (_, fields, policy, form) => {
    expect(await codes(fields, policy, form)).toEqual([]);
  });

  test.each<[string, string, TdReportFields, Partial<TdxPolicy>, TdForm?]>([
    ["POLICY_MRTD", "another mrtd", {}, { measurement: { mrTd: other } }],
    ["POLICY_RTMR", "another rtmr", {}, { measurement: { mrTd: d0, rtMr3: other } }],
    ["POLICY_MR_CONFIG", "another owner", {}, { mrOwner: other }],
    ["POLICY_MR_CONFIG", "another configuration", {}, { mrConfigId: other }],
    ["POLICY_MR_CONFIG", "another owner's configuration", {}, { mrOwnerConfig: other }],
    ["POLICY_DEBUG", "profiling", attributes("2000001000000000"), {}],
    ["POLICY_SEPT_VE_DISABLE", "page faults of the host", attributes("0000000000000000"), {}],
    ["POLICY_TD_MIGRATABLE", "migration", attributes("0000003000000000"), {}],
    ["POLICY_TD_ATTRIBUTES", "unknown attributes", attributes("0001001000000000"), {}],
    ["POLICY_TD_ATTRIBUTES", "other attributes", {}, { tdAttributes: new Uint8Array(8) }],
    ["POLICY_XFAM", "another xfam", {}, { xfam: new Uint8Array(8).fill(1) }],
    ["POLICY_MR_SERVICE_TD", "a service td", { mrServiceTd: other }, {}, V5],
    ["POLICY_MR_SERVICE_TD", "another service td", { mrServiceTd: other }, { mrServiceTd: d0 }, V5],
    [
      "POLICY_TCB_STATUS",
      "a relaunch advised",
      { teeTcbSvn: svn(3, 1), teeTcbSvn2: TEST_TEE_TCB_SVN },
      {},
      V5,
    ],
    ["POLICY_REPORT_DATA", "other report data", {}, { reportData: new Uint8Array(64) }],
    ["POLICY_SIMULATION", "a simulation", {}, { acceptSimulation: false }],
    ["POLICY_COLLATERAL_AGE", "old collateral", {}, { maxCollateralAgeSeconds: 60 }],
  ])("refuses with %s: %s", async (code, _, fields, policy, form) => {
    expect(await codes(fields, policy, form)).toEqual([code]);
  });
});
