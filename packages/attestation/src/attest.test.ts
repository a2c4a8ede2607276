import { beforeAll, describe, expect, test } from "vitest";
import { appraiseEvidence } from "./appraise-evidence.ts";
import { attest } from "./attest.ts";
import type { PolicyErrorCode } from "./error.ts";
import type { EvidencePolicy } from "./evidence-policy.ts";
import { createEvidenceVerifier, type EvidenceVerification } from "./evidence-verifier.ts";
import { createTestSnpKeys, createTestSnpPlatform } from "./snp/testing/test-snp-platform.ts";
import { createTestPlatform } from "./testing/test-platform.ts";
import { createTestTdxPlatform, tdQuote } from "./testing/test-td.ts";
import { codeOf, REPORT_DATA } from "./testing/verify-code.ts";

const SIMULATED = { measurement: "any", reportData: "any", acceptSimulation: true } as const;
const ALL: Required<EvidencePolicy> = {
  sgx: SIMULATED,
  tdx: SIMULATED,
  snp: { ...SIMULATED, vmpl: "any" },
};

type Tee = keyof Required<EvidencePolicy>;
let inputs: Readonly<Record<Tee, EvidenceVerification>>;

beforeAll(async () => {
  const [sgx, tdx, keys] = await Promise.all([
    createTestPlatform(),
    createTestTdxPlatform(),
    createTestSnpKeys(),
  ]);
  const snp = await createTestSnpPlatform(keys);
  const { vek, chain } = snp;
  inputs = {
    sgx: {
      evidence: await sgx.quote(REPORT_DATA),
      endorsements: { vendor: "intel", collateral: sgx.collateral },
      anchors: [sgx.anchor],
      now: sgx.now,
    },
    tdx: {
      evidence: await tdx.quote(REPORT_DATA, tdQuote({ version: 4 }, REPORT_DATA)),
      endorsements: { vendor: "intel", collateral: tdx.collateral },
      anchors: [tdx.anchor],
      now: tdx.now,
    },
    snp: {
      evidence: await snp.report(),
      endorsements: { vendor: "amd", vek, chain },
      anchors: [snp.anchor],
      now: snp.now,
    },
  };
});

describe.each(["sgx", "tdx", "snp"] as const)("evidence of %s", (tee) => {
  test("is given back verified when its policy accepts it", async () => {
    const verified = await attest({ ...inputs[tee], policy: { [tee]: ALL[tee] } });
    expect(verified).toMatchObject({ tee, assurance: "simulation" });
  });

  test("is refused by a policy that says nothing about it, which names it", async () => {
    const { [tee]: _, ...others } = ALL;
    const work = attest({ ...inputs[tee], policy: others });
    await expect(work).rejects.toMatchObject({ code: "POLICY_MEASUREMENT" });
    await expect(work).rejects.toThrow(`the policy accepts no evidence of ${tee}`);
  });

  test("that is simulated is refused without acceptSimulation, and without its anchor", async () => {
    const strict = { ...ALL, [tee]: { ...ALL[tee], acceptSimulation: false } };
    expect(await codeOf(attest({ ...inputs[tee], policy: strict }))).toBe("POLICY_SIMULATION");
    const { anchors: _, ...withoutAnchor } = inputs[tee];
    const code = await codeOf(attest({ ...withoutAnchor, policy: ALL }));
    expect(code).toMatch(/^(?:CERT_UNTRUSTED_ROOT|VEK_CHAIN_INVALID)$/);
  });

  test("with a flipped bit is refused before any policy is asked", async () => {
    const { evidence } = inputs[tee];
    const flipped = evidence.map((byte, i) => (i === 0x90 ? byte ^ 1 : byte));
    const code = await codeOf(attest({ ...inputs[tee], evidence: flipped, policy: {} }));
    expect(code).toMatch(/^(?:QUOTE|REPORT)_SIGNATURE_INVALID$/);
  });

  test("is appraised by the policy of its own TEE, and all violations are listed", async () => {
    const verified = await createEvidenceVerifier().verify(inputs[tee]);
    const other = { ...ALL[tee], acceptSimulation: false, reportData: new Uint8Array(64).fill(1) };
    const codes = appraiseEvidence(verified, { ...ALL, [tee]: other }).map(({ code }) => code);
    const needed: readonly PolicyErrorCode[] = ["POLICY_SIMULATION", "POLICY_REPORT_DATA"];
    expect(codes).toEqual(needed);
    expect(appraiseEvidence(verified, ALL)).toEqual([]);
  });
});
