import {
  AttestationError,
  createEvidenceVerifier,
  createSnpVerifier,
  parseQuote,
  type VerificationErrorCode,
  type VerifiedEvidence,
} from "@carrara/attestation";
import { beforeAll, describe, expect, test } from "vitest";
import type { ScenarioCase, ScenarioOutcome } from "./evidence-scenario.ts";
import { createScenarioWorld, type ScenarioWorld } from "./scenario-world.ts";
import { SCENARIOS } from "./scenarios.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const verifier = createEvidenceVerifier();
const snpVerifier = createSnpVerifier();
let world: ScenarioWorld;

beforeAll(async () => {
  world = await createScenarioWorld({ now: NOW });
});

/** Codes that evidence and its endorsements lead to, not what they are wrapped in or judged by. */
type EvidenceCode = Exclude<
  VerificationErrorCode,
  `${"RATLS" | "HCL" | "TPM" | "SIGSTRUCT" | "EAR" | "EVIDENCE" | "VERIFIER"}_${string}`
>;

/** A record, so that the compiler misses any code that is missing here. */
const CODES: Readonly<Record<EvidenceCode, true>> = {
  QUOTE_TRUNCATED: true,
  QUOTE_LENGTH_MISMATCH: true,
  QUOTE_TRAILING_DATA: true,
  QUOTE_UNSUPPORTED_VERSION: true,
  QUOTE_UNSUPPORTED_TEE_TYPE: true,
  QUOTE_UNSUPPORTED_KEY_TYPE: true,
  QUOTE_UNKNOWN_QE_VENDOR: true,
  QUOTE_BODY_TYPE: true,
  QUOTE_CERT_DATA_TYPE: true,
  QUOTE_KEY_INVALID: true,
  QUOTE_SIGNATURE_INVALID: true,
  QE_REPORT_SIGNATURE_INVALID: true,
  QE_REPORT_DATA_MISMATCH: true,
  PCK_CERT_UNAVAILABLE: true,
  CERT_MALFORMED: true,
  CERT_CHAIN_INVALID: true,
  CERT_UNTRUSTED_ROOT: true,
  CERT_CONSTRAINT: true,
  CERT_WRONG_ROLE: true,
  CERT_EXPIRED: true,
  CERT_NOT_YET_VALID: true,
  CERT_REVOKED: true,
  CRL_MISSING: true,
  CRL_MALFORMED: true,
  CRL_ISSUER_MISMATCH: true,
  CRL_SIGNATURE_INVALID: true,
  CRL_EXPIRED: true,
  CRL_NOT_YET_VALID: true,
  TCB_INFO_MALFORMED: true,
  TCB_INFO_UNSUPPORTED_VERSION: true,
  TCB_INFO_SIGNATURE_INVALID: true,
  TCB_INFO_EXPIRED: true,
  TCB_INFO_NOT_YET_VALID: true,
  TCB_INFO_MISMATCH: true,
  QE_IDENTITY_MALFORMED: true,
  QE_IDENTITY_UNSUPPORTED_VERSION: true,
  QE_IDENTITY_SIGNATURE_INVALID: true,
  QE_IDENTITY_EXPIRED: true,
  QE_IDENTITY_NOT_YET_VALID: true,
  QE_IDENTITY_MISMATCH: true,
  COLLATERAL_UNAVAILABLE: true,
  TCB_LEVEL_NOT_SUPPORTED: true,
  QE_TCB_NOT_SUPPORTED: true,
  TDX_MODULE_MISMATCH: true,
  TCB_STATUS_UNRECOGNIZED: true,
  TCB_REVOKED: true,
  REPORT_TRUNCATED: true,
  REPORT_LENGTH: true,
  REPORT_UNSUPPORTED_VERSION: true,
  REPORT_SIG_ALGO: true,
  REPORT_RESERVED_NONZERO: true,
  REPORT_UNSIGNED: true,
  REPORT_SIGNATURE_INVALID: true,
  SNP_PRODUCT_UNKNOWN: true,
  SNP_PRODUCT_MISMATCH: true,
  VEK_MISSING: true,
  VEK_FORMAT: true,
  VEK_CHAIN_INVALID: true,
  VEK_TCB_MISMATCH: true,
  VEK_HWID_MISMATCH: true,
};

/** Verifies a case with the verifiers that judge genuine evidence. */
async function verify({ evidence, anchor, now, ...rest }: ScenarioCase): Promise<VerifiedEvidence> {
  const { endorsements, exact } = rest;
  const anchors = [anchor];
  if (exact && endorsements.vendor === "amd") {
    return await snpVerifier.verify({ report: evidence, ...endorsements, anchors, now });
  }
  if (exact) parseQuote(evidence, { strictLength: true });
  return await verifier.verify({ evidence, endorsements, anchors, now });
}

async function outcomeOf(one: ScenarioCase): Promise<ScenarioOutcome> {
  try {
    const verified = await verify(one);
    expect(verified.assurance).toBe("simulation");
    return { kind: "verified", status: verified.tee === "snp" ? undefined : verified.status };
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    return { kind: "refused", code: error.code as VerificationErrorCode };
  }
}

describe("simulated evidence is judged as the specification says:", () => {
  test.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
    "%s",
    async (_, scenario) => {
      const one = await scenario.build(world);
      expect(one.expected).toEqual(scenario.expected);
      expect(await outcomeOf(one)).toEqual(scenario.expected);
    },
  );
});

describe("the table of scenarios", () => {
  test("leads to every code that evidence and endorsements can lead to, and to no other", () => {
    const had = new Set(
      SCENARIOS.flatMap(({ expected }) => (expected.kind === "refused" ? [expected.code] : [])),
    );
    expect([...had].toSorted()).toEqual(Object.keys(CODES).toSorted());
  });

  test("leads to every status", () => {
    const had = SCENARIOS.flatMap(({ expected }) =>
      expected.kind === "verified" && expected.status !== undefined ? [expected.status] : [],
    );
    expect(new Set(had)).toEqual(
      new Set([
        "UpToDate",
        "SWHardeningNeeded",
        "ConfigurationNeeded",
        "ConfigurationAndSWHardeningNeeded",
        "TDRelaunchAdvised",
        "TDRelaunchAdvisedConfigurationNeeded",
        "OutOfDate",
        "OutOfDateConfigurationNeeded",
      ]),
    );
  });

  test("has no name twice", () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  });
});
