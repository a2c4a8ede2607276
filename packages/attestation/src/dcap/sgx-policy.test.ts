import { fromHex } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { createTestPlatform, type TestQuoteOptions } from "../testing/test-platform.ts";
import { inputOf } from "../testing/verify-code.ts";
import { appraiseSgx, type SgxPolicy } from "./sgx-policy.ts";
import { requireSgx, type VerifiedSgxQuote } from "./verified-quote.ts";
import { createDcapVerifier } from "./verifier.ts";

const platform = createTestPlatform();
const MR_ENCLAVE = new Uint8Array(32).fill(0xaa);
const MR_SIGNER = new Uint8Array(32).fill(0xbb);
const SIGNER = { mrSigner: MR_SIGNER, isvProdId: 7, minIsvSvn: 3 };
const ANY: SgxPolicy = { measurement: "any", reportData: "any", acceptSimulation: true };

async function verified(options?: TestQuoteOptions): Promise<VerifiedSgxQuote> {
  return requireSgx(await createDcapVerifier().verify(await inputOf(await platform, options)));
}

function codes(quote: VerifiedSgxQuote, policy: SgxPolicy): string[] {
  return appraiseSgx(quote, policy).map(({ code }) => code);
}

describe("appraisal accepts", () => {
  test("a simulation only when told to", async () => {
    const quote = await verified();
    expect(codes(quote, ANY)).toEqual([]);
    expect(codes(quote, { measurement: "any", reportData: "any" })).toEqual(["POLICY_SIMULATION"]);
  });

  test("the measurement, signer and report data that a policy names", async () => {
    const quote = await verified();
    const { reportData } = quote.body;
    expect(codes(quote, { ...ANY, reportData, measurement: { mrEnclave: MR_ENCLAVE } })).toEqual(
      [],
    );
    expect(codes(quote, { ...ANY, reportData, measurement: SIGNER })).toEqual([]);
    expect(codes(quote, { ...ANY, measurement: { ...SIGNER, minIsvSvn: 0 } })).toEqual([]);
  });

  test("an out-of-date platform when named, or for a while", async () => {
    const quote = await verified({ qeReport: { isvSvn: 6 } });
    const age = (quote.verifiedAt.getTime() - quote.tcbDate.getTime()) / 1000;
    expect(codes(quote, ANY)).toEqual(["POLICY_TCB_STATUS"]);
    expect(codes(quote, { ...ANY, acceptedStatuses: ["OutOfDate"] })).toEqual([]);
    expect(codes(quote, { ...ANY, graceSeconds: age })).toEqual([]);
    expect(codes(quote, { ...ANY, graceSeconds: age - 1 })).toEqual(["POLICY_TCB_STATUS"]);
    const needsConfiguration = { ...quote, status: "OutOfDateConfigurationNeeded" } as const;
    expect(codes(needsConfiguration, { ...ANY, graceSeconds: age })).toEqual(["POLICY_TCB_STATUS"]);
  });

  test("the advisories that are allowed, all of them unless some are named", async () => {
    const quote = { ...(await verified()), advisoryIds: ["INTEL-SA-1", "INTEL-SA-2"] };
    expect(codes(quote, ANY)).toEqual([]);
    const allowed = { ...ANY, allowedAdvisories: ["INTEL-SA-1", "INTEL-SA-2", "INTEL-SA-3"] };
    expect(codes(quote, allowed)).toEqual([]);
    const [violation] = appraiseSgx(quote, { ...ANY, allowedAdvisories: ["INTEL-SA-1"] });
    expect(violation?.code).toBe("POLICY_ADVISORY");
    expect(violation?.message).toContain("INTEL-SA-2");
  });

  test("the attributes that a policy masks", async () => {
    const quote = await verified();
    const value = fromHex("05000000000000000300000000000000");
    const mask = new Uint8Array(16).fill(0xff);
    expect(codes(quote, { ...ANY, attributes: { value, mask } })).toEqual([]);
    const other = fromHex("05000000000000000700000000000000");
    const lax = fromHex("ffffffffffffffff0000000000000000");
    expect(codes(quote, { ...ANY, attributes: { value: other, mask: lax } })).toEqual([]);
  });

  test("debug enclaves only when told to", async () => {
    const attributes = fromHex("07000000000000000300000000000000");
    const quote = await verified({ body: { attributes } });
    expect(codes(quote, ANY)).toEqual(["POLICY_DEBUG"]);
    expect(codes(quote, { ...ANY, allowDebug: true })).toEqual([]);
  });
});

describe("appraisal refuses with", () => {
  test.each<[string, Partial<SgxPolicy>]>([
    ["POLICY_MRENCLAVE", { measurement: { mrEnclave: new Uint8Array(32) } }],
    ["POLICY_MRENCLAVE", { measurement: { mrEnclave: MR_ENCLAVE.subarray(1) } }],
    ["POLICY_MRSIGNER", { measurement: { ...SIGNER, mrSigner: MR_ENCLAVE } }],
    ["POLICY_MRSIGNER", { measurement: { ...SIGNER, mrSigner: new Uint8Array() } }],
    ["POLICY_ISV_PROD_ID", { measurement: { ...SIGNER, isvProdId: 0 } }],
    ["POLICY_ISV_SVN", { measurement: { ...SIGNER, minIsvSvn: 4 } }],
    ["POLICY_REPORT_DATA", { reportData: new Uint8Array(64) }],
    ["POLICY_REPORT_DATA", { reportData: new TextEncoder().encode("report data") }],
    [
      "POLICY_SGX_ATTRIBUTES",
      { attributes: { value: new Uint8Array(16), mask: new Uint8Array(16).fill(0xff) } },
    ],
    [
      "POLICY_SGX_ATTRIBUTES",
      { attributes: { value: new Uint8Array(16), mask: new Uint8Array() } },
    ],
    ["POLICY_COLLATERAL_AGE", { maxCollateralAgeSeconds: 3600 }],
    ["POLICY_COLLATERAL_AGE", { maxCollateralAgeSeconds: Number.NaN }],
    ["POLICY_TCB_STATUS", { acceptedStatuses: ["OutOfDate"] }],
    ["POLICY_TCB_EVALUATION_NUMBER", { minTcbEvaluationDataNumber: 18 }],
    ["POLICY_TCB_EVALUATION_NUMBER", { minTcbEvaluationDataNumber: Number.NaN }],
  ])("%s for %j", async (code, change) => {
    expect(codes(await verified(), { ...ANY, ...change })).toEqual([code]);
  });

  test("codes even where untyped code leaves out half of a signer policy", async () => {
    const quote = await verified();
    const half = { ...ANY, measurement: { mrSigner: MR_SIGNER } } as unknown as SgxPolicy;
    expect(codes(quote, half)).toEqual(["POLICY_ISV_PROD_ID", "POLICY_ISV_SVN"]);
  });

  test("every violation at once", async () => {
    const policy: SgxPolicy = {
      measurement: { mrEnclave: MR_SIGNER },
      reportData: MR_SIGNER,
      acceptedStatuses: [],
      minTcbEvaluationDataNumber: 99,
    };
    expect(codes(await verified(), policy)).toEqual([
      "POLICY_SIMULATION",
      "POLICY_TCB_STATUS",
      "POLICY_TCB_EVALUATION_NUMBER",
      "POLICY_REPORT_DATA",
      "POLICY_MRENCLAVE",
    ]);
  });
});
