import { equalBytes } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AttestationError,
  appraiseSgx,
  createSgxVerifier,
  createSimulationAnchor,
  type DcapCollateral,
  INTEL_SGX_ROOT,
  parseQuote,
  type TrustAnchor,
  type VerifiedSgxQuote,
} from "../index.ts";
import { createTestPlatform, NOW, type TestPlatformOptions } from "../testing/test-platform.ts";

const LATER = new Date("2026-06-15T11:59:00Z");
const genuine = await createTestPlatform();
const quote = await genuine.quote();
const warm = createSgxVerifier();

async function verify(
  change: {
    quote?: Uint8Array;
    collateral?: Partial<DcapCollateral>;
    anchor?: TrustAnchor;
    now?: Date;
  } = {},
  verifier = warm,
): Promise<VerifiedSgxQuote> {
  return await verifier.verify({
    quote,
    anchor: genuine.anchor,
    now: NOW,
    ...change,
    collateral: { ...genuine.collateral, ...change.collateral },
  });
}

async function verdict(options: TestPlatformOptions): Promise<VerifiedSgxQuote> {
  const platform = await createTestPlatform(options);
  return await createSgxVerifier().verify({
    quote: await platform.quote(),
    collateral: platform.collateral,
    anchor: platform.anchor,
    now: NOW,
  });
}

describe("a genuine quote", () => {
  test("verifies, and says that it is a simulation", async () => {
    const verified = await verify();
    expect(verified.assurance).toBe("simulation");
    expect(verified.trustAnchor).toMatchObject({
      kind: "simulation",
      name: "SIMULATION SGX Root CA",
    });
    expect(verified.status).toBe("UpToDate");
    expect(verified.body).toMatchObject({ isvProdId: 4, isvSvn: 3, debug: false });
    expect(equalBytes(verified.body.mrEnclave, new Uint8Array(32).fill(1))).toBe(true);
  });

  test.each([
    ["OutOfDate", "UpToDate", "OutOfDate"],
    ["UpToDate", "OutOfDate", "OutOfDate"],
    ["SWHardeningNeeded", "UpToDate", "SWHardeningNeeded"],
    ["SWHardeningNeeded", "OutOfDate", "OutOfDate"],
    ["ConfigurationNeeded", "OutOfDate", "OutOfDateConfigurationNeeded"],
    ["ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDateConfigurationNeeded"],
    ["OutOfDateConfigurationNeeded", "OutOfDate", "OutOfDateConfigurationNeeded"],
  ])("on a platform %s with a QE %s is %s", async (tcbStatus, qeStatus, status) => {
    expect((await verdict({ tcbStatus, qeStatus })).status).toBe(status);
  });
});

describe("is refused", () => {
  test.each<[string, TestPlatformOptions]>([
    ["TCB_REVOKED", { tcbStatus: "Revoked" }],
    ["TCB_REVOKED", { qeStatus: "Revoked" }],
    ["TCB_STATUS_UNRECOGNIZED", { tcbStatus: "Fine" }],
    ["TCB_LEVEL_NOT_SUPPORTED", { pceSvn: 12 }],
    ["QE_TCB_NOT_SUPPORTED", { qeIsvSvn: 7 }],
    ["QE_IDENTITY_MISMATCH", { qeDebug: true }],
    ["TCB_INFO_MISMATCH", { fmspc: "00606a000000" }],
    ["CERT_REVOKED", { revoke: "leaf" }],
    ["CERT_REVOKED", { revoke: "ca" }],
    ["CERT_REVOKED", { revoke: "signer" }],
    ["TCB_INFO_EXPIRED", { tcbUntil: LATER }],
    ["QE_IDENTITY_EXPIRED", { qeUntil: LATER }],
    ["CRL_EXPIRED", { crlUntil: LATER }],
    ["CERT_EXPIRED", { leafUntil: LATER }],
    ["CERT_CONSTRAINT", { leafIsCa: true }],
    ["CERT_CONSTRAINT", { caMayNotIssue: true }],
    ["CERT_WRONG_ROLE", { leafName: "SIMULATION Some Certificate" }],
    ["CERT_CHAIN_INVALID", { signerIsPck: true }],
  ])("with %s when the platform is %j", async (code, options) => {
    await expect(verdict(options)).rejects.toMatchObject({ code });
  });

  test.each<[string, Partial<DcapCollateral>]>([
    ["CRL_MISSING", { pckCrl: "" }],
    ["CRL_MISSING", { rootCaCrl: "" }],
    ["CRL_MALFORMED", { pckCrl: "zz" }],
    ["CRL_ISSUER_MISMATCH", { pckCrl: genuine.collateral.rootCaCrl }],
    ["TCB_INFO_MALFORMED", { tcbInfo: genuine.collateral.qeIdentity }],
    ["TCB_INFO_MALFORMED", { tcbInfo: "" }],
    ["QE_IDENTITY_MALFORMED", { qeIdentity: "{}" }],
    [
      "TCB_INFO_SIGNATURE_INVALID",
      { tcbInfo: genuine.collateral.tcbInfo.replace("UpToDate", "OutOfDate") },
    ],
    ["CERT_CHAIN_INVALID", { tcbInfoIssuerChain: "" }],
    ["CERT_WRONG_ROLE", { tcbInfoIssuerChain: genuine.collateral.pckCrlIssuerChain }],
    ["CERT_MALFORMED", { tcbInfoIssuerChain: `hello\n${genuine.collateral.tcbInfoIssuerChain}` }],
  ])("with %s when the collateral is bent", async (code, collateral) => {
    await expect(verify({ collateral })).rejects.toMatchObject({ code });
  });

  test("with CERT_UNTRUSTED_ROOT under any other root, Intel's included", async () => {
    const stranger = await createTestPlatform();
    for (const anchor of [stranger.anchor, INTEL_SGX_ROOT]) {
      await expect(verify({ anchor })).rejects.toMatchObject({ code: "CERT_UNTRUSTED_ROOT" });
    }
  });

  test("with a time code at every time outside of the window, from a warm memory too", async () => {
    await verify();
    for (const now of ["2020-01-01", "2026-06-01", "2026-07-30", "2400-01-01"]) {
      await expect(verify({ now: new Date(now) })).rejects.toMatchObject({
        code: expect.stringMatching(/EXPIRED|NOT_YET_VALID/),
      });
    }
    await expect(verify({ now: new Date(Number.NaN) })).rejects.toMatchObject({
      code: "VERIFIER_INPUT",
    });
  });

  test("when the bytes are shared with somebody who could change them", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(quote.length));
    shared.set(quote);
    await expect(verify({ quote: shared })).rejects.toMatchObject({ code: "VERIFIER_INPUT" });
  });

  test("with any single bit of the quote flipped, from a cold and a warm memory", async () => {
    const signedEnd = parseQuote(quote).signedBytes.length + 4 + parseQuote(quote).authDataSize;
    await fc.assert(
      fc.asyncProperty(fc.nat(signedEnd * 8 - 1), fc.boolean(), async (bit, cold) => {
        const damaged = quote.slice();
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const verifier = cold ? createSgxVerifier() : warm;
        const outcome = await verify({ quote: damaged }, verifier).catch((error: unknown) => error);
        // Text around the base64 of a certificate carries no meaning: the same chain, the same quote.
        if (!(outcome instanceof AttestationError)) {
          expect((outcome as VerifiedSgxQuote).body.raw).toEqual(parseQuote(quote).body.raw);
          expect(damaged.subarray(0, 1052)).toEqual(quote.subarray(0, 1052));
        }
      }),
      { numRuns: 150 },
    );
  });

  test("at every truncation, and for arbitrary bytes", async () => {
    for (let length = 0; length < quote.length; length += 97) {
      await expect(verify({ quote: quote.subarray(0, length) })).rejects.toMatchObject({
        code: expect.stringMatching(/^QUOTE_/),
      });
    }
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
        await expect(verify({ quote: bytes })).rejects.toBeInstanceOf(AttestationError);
      }),
    );
  });
});

test("Intel's root cannot be declared a simulation, nor any root hardware", async () => {
  expect(() => createSimulationAnchor(INTEL_SGX_ROOT.certificate)).toThrow(
    expect.objectContaining({ code: "CERT_UNTRUSTED_ROOT" }),
  );
  const forged = { ...genuine.anchor, kind: "hardware" as const };
  expect((await verify({ anchor: forged })).assurance).toBe("simulation");
});

describe("appraisal", () => {
  const strict = { measurement: "any", reportData: "any" } as const;
  const signer = { mrSigner: new Uint8Array(32).fill(2), isvProdId: 4, minIsvSvn: 3 };

  test("accepts what the policy names, and simulation only when told to", async () => {
    const verified = await verify();
    expect(appraiseSgx(verified, strict).map(({ code }) => code)).toEqual(["POLICY_SIMULATION"]);
    const named = {
      measurement: signer,
      reportData: new Uint8Array(64).fill(9),
      acceptSimulation: true,
    };
    expect(appraiseSgx(verified, named)).toEqual([]);
    expect(
      appraiseSgx(verified, { ...named, measurement: { mrEnclave: new Uint8Array(32).fill(1) } }),
    ).toEqual([]);
  });

  test.each([
    ["POLICY_MRENCLAVE", { measurement: { mrEnclave: new Uint8Array(32) } }],
    ["POLICY_MRSIGNER", { measurement: { ...signer, mrSigner: new Uint8Array(32) } }],
    ["POLICY_ISV_PROD_ID", { measurement: { ...signer, isvProdId: 5 } }],
    ["POLICY_ISV_SVN", { measurement: { ...signer, minIsvSvn: 4 } }],
    ["POLICY_REPORT_DATA", { reportData: new Uint8Array(64) }],
    ["POLICY_REPORT_DATA", { reportData: new Uint8Array(32).fill(9) }],
    ["POLICY_TCB_STATUS", { acceptedStatuses: ["OutOfDate"] as const }],
    ["POLICY_TCB_EVALUATION_NUMBER", { minTcbEvaluationDataNumber: 18 }],
  ])("gives %s", async (code, change) => {
    const violations = appraiseSgx(await verify(), {
      ...strict,
      acceptSimulation: true,
      ...change,
    });
    expect(violations.map((violation) => violation.code)).toEqual([code]);
  });

  test("names the advisories that are not allowed", async () => {
    const verified = await verdict({
      tcbStatus: "SWHardeningNeeded",
      tcbAdvisories: ["INTEL-SA-2", "INTEL-SA-1"],
    });
    expect(verified.advisoryIds).toEqual(["INTEL-SA-1", "INTEL-SA-2"]);
    const policy = {
      ...strict,
      acceptSimulation: true,
      acceptedStatuses: ["SWHardeningNeeded"] as const,
    };
    expect(appraiseSgx(verified, policy)).toEqual([]);
    const [violation] = appraiseSgx(verified, { ...policy, allowedAdvisories: ["INTEL-SA-1"] });
    expect(violation).toMatchObject({
      code: "POLICY_ADVISORY",
      message: expect.stringContaining("INTEL-SA-2"),
    });
  });

  test("refuses debug enclaves unless allowed", async () => {
    const debug = await genuine.quote({ attributes: new Uint8Array(16).fill(0x07, 0, 1) });
    const verified = await verify({ quote: debug });
    const policy = { ...strict, acceptSimulation: true };
    expect(appraiseSgx(verified, policy).map(({ code }) => code)).toEqual(["POLICY_DEBUG"]);
    expect(appraiseSgx(verified, { ...policy, allowDebug: true })).toEqual([]);
  });
});
