import { beforeAll, describe, expect, test } from "vitest";
import { encodeGuestPolicy, type GuestPolicy } from "./guest-policy.ts";
import { appraiseSnp, type SnpPolicy } from "./policy.ts";
import type { SnpReportFields } from "./report-encoder.ts";
import { encodeSnpTcb } from "./tcb.ts";
import { createTestSnpKeys, createTestSnpPlatform } from "./testing/test-snp-platform.ts";
import type { VekKind } from "./vek-extensions.ts";
import type { VerifiedSnpReport } from "./verified-report.ts";
import { createSnpVerifier } from "./verifier.ts";

const MEASUREMENT = new Uint8Array(48).fill(3);
const REPORT_DATA = new Uint8Array(64).fill(4);
const HOST_DATA = new Uint8Array(32).fill(5);
const ID_KEY = new Uint8Array(48).fill(6);
const AUTHOR_KEY = new Uint8Array(48).fill(7);
const OTHER = new Uint8Array(48);
const CSP = "CN=cloud.simulation.invalid";

const POLICY: SnpPolicy = {
  measurement: MEASUREMENT,
  reportData: REPORT_DATA,
  vmpl: 0,
  acceptSimulation: true,
};

type Evidence = (fields?: Partial<SnpReportFields>, kind?: VekKind) => Promise<VerifiedSnpReport>;

async function createEvidence(): Promise<Evidence> {
  const keys = await createTestSnpKeys();
  const verifier = createSnpVerifier();
  return async (fields = {}, kind = "VCEK") => {
    const platform = await createTestSnpPlatform(keys, { kind });
    const { vek, chain, anchor, now } = platform;
    const report = await platform.report({
      measurement: MEASUREMENT,
      reportData: REPORT_DATA,
      hostData: HOST_DATA,
      idKeyDigest: ID_KEY,
      authorKeyDigest: AUTHOR_KEY,
      platformInfo: 0b100101n,
      ...((fields.version ?? 5) < 5 ? {} : { launchMitVector: 1n, currentMitVector: 3n }),
      ...fields,
    });
    return await verifier.verify({ report, vek, chain, anchors: [anchor], now });
  };
}

let evidence: Evidence;
beforeAll(async () => {
  evidence = await createEvidence();
});

function codes(verified: VerifiedSnpReport, policy: Partial<SnpPolicy> = {}): string[] {
  return appraiseSnp(verified, { ...POLICY, ...policy }).map(({ code }) => code);
}

function withPolicy(policy: Partial<GuestPolicy>): Partial<SnpReportFields> {
  return { policy: encodeGuestPolicy(policy) };
}

describe("genuine evidence", () => {
  test("that is what was wanted is accepted", async () => {
    const policy: Partial<SnpPolicy> = {
      minTcb: { bootloader: 4, tee: 1, snp: 24, microcode: 219 },
      minAbi: { major: 0, minor: 0 },
      guestPolicy: { required: ["smt"], forbidden: ["debug", "cxlAllow"] },
      platformInfo: { required: ["smt", "aliasCheckComplete"], forbidden: ["tio"] },
      idKeyDigests: [OTHER, ID_KEY],
      authorKeyDigests: [AUTHOR_KEY],
      hostData: HOST_DATA,
      minLaunchMitVector: 1n,
      minCurrentMitVector: 3n,
    };
    expect(codes(await evidence(), policy)).toEqual([]);
    const any = { measurement: "any", reportData: "any", vmpl: "any" } as const;
    expect(codes(await evidence({ vmpl: 3 }), any)).toEqual([]);
  });

  test.each<[string, string, Partial<SnpPolicy>]>([
    ["another measurement", "POLICY_MEASUREMENT", { measurement: OTHER }],
    ["a longer measurement", "POLICY_MEASUREMENT", { measurement: new Uint8Array(49).fill(3) }],
    ["other report data", "POLICY_REPORT_DATA", { reportData: new Uint8Array(64) }],
    ["other host data", "POLICY_HOST_DATA", { hostData: new Uint8Array(32) }],
    ["another id key", "POLICY_ID_KEY", { idKeyDigests: [OTHER] }],
    ["no id key", "POLICY_ID_KEY", { idKeyDigests: [] }],
    ["another author key", "POLICY_ID_KEY", { authorKeyDigests: [OTHER] }],
    ["another vmpl", "POLICY_VMPL", { vmpl: 1 }],
    ["newer firmware", "POLICY_MIN_TCB", { minTcb: { snp: 25 } }],
    ["firmware of Turin", "POLICY_MIN_TCB", { minTcb: { fmc: 0 } }],
    ["more mitigations at launch", "POLICY_MIN_TCB", { minLaunchMitVector: 3n }],
    ["more mitigations now", "POLICY_MIN_TCB", { minCurrentMitVector: 4n }],
    ["a newer abi", "POLICY_GUEST_POLICY", { minAbi: { major: 1, minor: 0 } }],
    ["a guest flag", "POLICY_GUEST_POLICY", { guestPolicy: { required: ["singleSocket"] } }],
    ["no guest flag", "POLICY_GUEST_POLICY", { guestPolicy: { forbidden: ["smt"] } }],
    ["a platform flag", "POLICY_PLATFORM_INFO", { platformInfo: { required: ["tsme"] } }],
    ["no platform flag", "POLICY_PLATFORM_INFO", { platformInfo: { forbidden: ["ecc"] } }],
    ["a provider", "POLICY_PLATFORM_INFO", { cspIds: [CSP] }],
    ["a revocation list", "POLICY_COLLATERAL_AGE", { requireCrl: true }],
    ["hardware", "POLICY_SIMULATION", { acceptSimulation: false }],
  ])("is refused by a policy that wants %s with %s", async (_, code, policy) => {
    expect(codes(await evidence(), policy)).toEqual([code]);
  });

  test("is refused for debugging and for a migration agent unless they are allowed", async () => {
    const debug = await evidence(withPolicy({ debug: true }));
    expect(codes(debug)).toEqual(["POLICY_DEBUG"]);
    expect(codes(debug, { allowDebug: true })).toEqual([]);
    const agent = await evidence(withPolicy({ migrateMa: true }));
    expect(codes(agent)).toEqual(["POLICY_MIGRATE_MA"]);
    expect(codes(agent, { allowMigrationAgent: true })).toEqual([]);
  });

  test("that the host asked for is no guest's, whatever its level", async () => {
    const host = await evidence({ vmpl: 0xffff_ffff });
    expect(codes(host, { vmpl: "any" })).toEqual(["POLICY_VMPL"]);
    expect(codes(host, { vmpl: 0xffff_ffff })).toEqual([]);
  });

  test("with provisional firmware is accepted unless that is forbidden", async () => {
    const currentTcb = encodeSnpTcb({ bootloader: 4, tee: 1, snp: 25, microcode: 219 }, "Milan");
    const provisional = await evidence({ currentTcb });
    expect(codes(provisional)).toEqual([]);
    expect(codes(provisional, { permitProvisionalFirmware: false })).toEqual([
      "POLICY_PROVISIONAL_FIRMWARE",
    ]);
  });

  test("is judged by what is reported and by what is committed", async () => {
    const committedTcb = encodeSnpTcb({ bootloader: 4, tee: 1, snp: 23, microcode: 219 }, "Milan");
    expect(codes(await evidence({ committedTcb }), { minTcb: { snp: 24 } })).toEqual([
      "POLICY_MIN_TCB",
    ]);
  });

  test("whose firmware contradicts itself is refused", async () => {
    const currentTcb = encodeSnpTcb({ bootloader: 3, tee: 1, snp: 24, microcode: 219 }, "Milan");
    expect(codes(await evidence({ currentTcb }))).toEqual(["POLICY_MIN_TCB"]);
  });

  test("of a version without mitigation vectors has none of them", async () => {
    const verified = await evidence({ version: 3 });
    expect(codes(verified)).toEqual([]);
    expect(codes(verified, { minCurrentMitVector: 1n })).toEqual(["POLICY_MIN_TCB"]);
  });

  test("must have every mitigation that is wanted, not as many", async () => {
    const verified = await evidence({ currentMitVector: 4n });
    expect(codes(verified, { minCurrentMitVector: 3n })).toEqual(["POLICY_MIN_TCB"]);
    expect(codes(verified, { minCurrentMitVector: 4n })).toEqual([]);
  });

  test("under a provider's key is accepted where that provider is", async () => {
    const lent = await evidence({}, "VLEK");
    expect(codes(lent, { cspIds: ["CN=other", CSP] })).toEqual([]);
    expect(codes(lent, { cspIds: ["CN=other"] })).toEqual(["POLICY_PLATFORM_INFO"]);
  });

  test("is refused where untyped code leaves out what must be said", async () => {
    const policy = { acceptSimulation: true, minAbi: {} } as unknown as SnpPolicy;
    const found = appraiseSnp(await evidence(), policy).map(({ code }) => code);
    expect(found).toEqual([
      "POLICY_MEASUREMENT",
      "POLICY_REPORT_DATA",
      "POLICY_VMPL",
      "POLICY_GUEST_POLICY",
    ]);
  });

  test("is refused for all reasons at once, in words", async () => {
    const policy = { ...POLICY, acceptSimulation: false, measurement: OTHER, minTcb: { snp: 99 } };
    const violations = appraiseSnp(await evidence(withPolicy({ debug: true })), policy);
    expect(violations.map(({ code }) => code)).toEqual([
      "POLICY_SIMULATION",
      "POLICY_MEASUREMENT",
      "POLICY_DEBUG",
      "POLICY_MIN_TCB",
    ]);
    for (const { message } of violations) expect(message).not.toBe("");
  });
});
