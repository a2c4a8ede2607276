import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AMD_ROOTS,
  appraiseSnp,
  appraiseTdx,
  createEvidenceVerifier,
  parseSnpReport,
  recogniseEvidence,
  softwareIdentityOf,
  type TeeKind,
  tdUniqueId,
  type VerifiedEvidence,
} from "@carrara/attestation";
import { toHex } from "@carrara/encoding";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKdsProvider } from "../collateral/kds-provider.ts";
import { createPcsProvider } from "../collateral/pcs-provider.ts";
import { SCENARIO_IDENTITY as IDENTITY } from "../scenarios/scenario-world.ts";
import { SCENARIOS } from "../scenarios/scenarios.ts";
import { PAPER_NODE } from "../testing/signed-image.ts";
import type { PlatformScenario } from "./scenario.ts";
import { createSimulatedPlatform, type SimulatedPlatform } from "./simulated-platform.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const REPORT_DATA = new Uint8Array(64).fill(9);
const KINDS: readonly TeeKind[] = ["sgx", "tdx", "snp"];

let dir = "";
let platforms: Readonly<Record<TeeKind, SimulatedPlatform>>;

async function open(
  tee: TeeKind,
  scenario: Partial<PlatformScenario> = {},
): Promise<SimulatedPlatform> {
  const now = () => NOW;
  return await createSimulatedPlatform({
    dir,
    tee,
    now,
    scenario,
    node: PAPER_NODE,
    rsaBits: 2048,
  });
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-guests-"));
  platforms = { sgx: await open("sgx"), tdx: await open("tdx"), snp: await open("snp") };
});

afterAll(async () => {
  await Promise.all(Object.values(platforms).map((platform) => platform.close()));
  await rm(dir, { recursive: true });
});

async function verify(
  platform: SimulatedPlatform,
  identity: Partial<typeof IDENTITY> = {},
): Promise<VerifiedEvidence> {
  return await createEvidenceVerifier().verify({
    evidence: await platform.teeFor({ ...IDENTITY, ...identity }).getEvidence(REPORT_DATA),
    endorsements: await platform.endorsements(),
    anchors: [platform.anchor],
    now: NOW,
  });
}

describe.each(KINDS)("a simulated %s platform", (kind) => {
  test("says what it is, in its tee and in its evidence", async () => {
    const tee = platforms[kind].teeFor(IDENTITY);
    expect([platforms[kind].tee, tee.tee, tee.assurance]).toEqual([kind, kind, "simulation"]);
    expect(recogniseEvidence(await tee.getEvidence(new Uint8Array(1))).tee).toBe(kind);
    expect(await verify(platforms[kind])).toMatchObject({ tee: kind, assurance: "simulation" });
  });

  test("proves the software that it measured", async () => {
    const { uniqueId, signer, debug, reportData } = await softwareIdentityOf(
      await verify(platforms[kind]),
    );
    const { mrEnclave, mrSigner, td, snpMeasurement, idKeyDigest } = IDENTITY;
    const uniqueIds = {
      sgx: toHex(mrEnclave),
      tdx: await tdUniqueId(td),
      snp: toHex(snpMeasurement),
    };
    const signerId = { sgx: toHex(mrSigner), tdx: undefined, snp: toHex(idKeyDigest) }[kind];
    expect(uniqueId).toBe(uniqueIds[kind]);
    expect(signer).toEqual(
      signerId === undefined ? undefined : { signerId, productId: 7, securityVersion: 3 },
    );
    expect(debug).toBe(false);
    expect(reportData).toEqual(REPORT_DATA);
  });

  test("carries DEBUG for a debug image only", async () => {
    const verified = await verify(platforms[kind], { debug: true });
    expect((await softwareIdentityOf(verified)).debug).toBe(true);
  });

  test("comes to what every scenario says that a platform can be in", async () => {
    const platform = platforms[kind];
    const wrong: unknown[] = [];
    for (const { name, tee, expected, platform: changesAt } of SCENARIOS) {
      const changes = changesAt?.(NOW);
      if (changes === undefined || tee !== kind || (changes.product ?? "Milan") !== "Milan") {
        continue;
      }
      platform.setScenario(changes);
      const outcome = await verify(platform).then(
        (verified) => ("status" in verified ? verified.status : undefined),
        (error: { code: string }) => error.code,
      );
      const wanted = expected.kind === "verified" ? expected.status : expected.code;
      if (outcome !== wanted) wrong.push([name, outcome]);
    }
    platform.setScenario({});
    expect(wrong).toEqual([]);
  });
});

describe("a simulated TDX platform", () => {
  test("shows a good policy nothing to refuse but that it is a simulation", async () => {
    const verified = await verify(platforms.tdx);
    if (verified.tee !== "tdx") throw new Error("no td");
    const policy = { measurement: { mrTd: IDENTITY.td.mrTd }, reportData: REPORT_DATA } as const;
    expect(appraiseTdx(verified, policy).map(({ code }) => code)).toEqual(["POLICY_SIMULATION"]);
    expect(appraiseTdx(verified, { ...policy, acceptSimulation: true })).toEqual([]);
    const { mrOwner, mrOwnerConfig, mrConfigId, mrSignerSeam, rtMr3 } = verified.body;
    const zero = new Uint8Array(48);
    expect([mrOwner, mrOwnerConfig, mrConfigId, mrSignerSeam, rtMr3]).toEqual(
      new Array(5).fill(zero),
    );
  });

  test("says both module versions of a TD that was launched before an update", async () => {
    const platform = platforms.tdx;
    platform.setScenario({ quoteVersion: 5, launch: { moduleStatus: "OutOfDate" } });
    const verified = await verify(platform);
    platform.setScenario({});
    expect(verified).toMatchObject({
      tee: "tdx",
      status: "TDRelaunchAdvised",
      moduleStatus: "OutOfDate",
      currentTcb: { status: "UpToDate", moduleStatus: "UpToDate" },
    });
    if (verified.tee === "tdx") {
      expect([verified.body.teeTcbSvn[0], verified.body.teeTcbSvn2?.[0]]).toEqual([3, 5]);
    }
  });

  test("verifies with collateral fetched over the network", async () => {
    const platform = platforms.tdx;
    const { url } = await platform.servePcs({ host: "127.0.0.1", port: 0 });
    const provider = createPcsProvider({ url, rootCrlUrl: `${url}/IntelSGXRootCA.der` });
    const collateral = await provider.getDcapCollateral({
      fmspc: "53494d000000",
      tee: "tdx",
      ca: "platform",
    });
    expect(collateral).toEqual(await platform.collateral());
  });

  test.each([
    ["a quote of version 3", { quoteVersion: 3 }],
    ["a report 1.5 in version 4", { quoteVersion: 4, tdReport: "1.5" }],
    ["qe auth data over 1 KiB", { qeAuthDataBytes: 1025 }],
    ["a module of version 256", { moduleVersion: 256 }],
    ["a tee tcb svn of 15 bytes", { teeTcbSvn: new Uint8Array(15) }],
  ] as const)("cannot be brought to give %s", (_, scenario) => {
    expect(() => platforms.tdx.setScenario(scenario)).toThrow(TypeError);
  });
});

describe("a simulated SNP platform", () => {
  test("shows a good policy nothing to refuse but that it is a simulation", async () => {
    const verified = await verify(platforms.snp);
    if (verified.tee !== "snp") throw new Error("no guest");
    const policy = {
      measurement: IDENTITY.snpMeasurement,
      reportData: REPORT_DATA,
      vmpl: 0,
      idKeyDigests: [IDENTITY.idKeyDigest],
      requireCrl: true,
      permitProvisionalFirmware: false,
    };
    expect(appraiseSnp(verified, policy).map(({ code }) => code)).toEqual(["POLICY_SIMULATION"]);
    expect(appraiseSnp(verified, { ...policy, acceptSimulation: true })).toEqual([]);
    expect(verified.claims.hostData).toEqual(new Uint8Array(32));
  });

  test("gives evidence that verifies by itself", async () => {
    const { anchor } = platforms.snp;
    const verified = await createEvidenceVerifier().verify({
      evidence: await platforms.snp.teeFor(IDENTITY).getEvidence(REPORT_DATA),
      endorsements: { vendor: "amd" },
      anchors: [anchor],
      now: NOW,
    });
    expect(verified).toMatchObject({ assurance: "simulation", crlChecked: false });
  });

  test("is not trusted under AMD's roots", async () => {
    const evidence = await platforms.snp.teeFor(IDENTITY).getEvidence(REPORT_DATA);
    const endorsements = await platforms.snp.endorsements();
    await expect(
      createEvidenceVerifier().verify({ evidence, endorsements, anchors: AMD_ROOTS, now: NOW }),
    ).rejects.toMatchObject({ code: "VEK_CHAIN_INVALID" });
  });

  test("is not believed when a bit of what is signed, or reserved, is flipped", async () => {
    const genuine = await platforms.snp.teeFor(IDENTITY).getEvidence(REPORT_DATA);
    const endorsements = await platforms.snp.endorsements();
    const anchors = [platforms.snp.anchor];
    const verifier = createEvidenceVerifier();
    for (let offset = 0; offset < 1184; offset += 13) {
      const evidence = genuine.with(offset, (genuine[offset] ?? 0) ^ 0x40);
      await expect(
        verifier.verify({ evidence, endorsements, anchors, now: NOW }),
      ).rejects.toMatchObject({ name: "AttestationError" });
    }
  });

  test.each(["Milan", "Genoa", "Turin"] as const)(
    "gives the endorsements of a %s over the network",
    async (product) => {
      const platform = await open("snp", { product });
      const { url } = await platform.servePcs({ host: "127.0.0.1", port: 0 });
      const evidence = await platform.teeFor(IDENTITY).getEvidence(REPORT_DATA);
      const verified = await verify(platform);
      if (verified.tee !== "snp") throw new Error("no guest");
      const provider = createKdsProvider({ url, now: () => NOW });
      const { chipId, reportedTcb: tcb } = verified.claims;
      const { vek, chain } = await provider.getAmdCertificates({ product, hwId: chipId, tcb });
      const crl = await provider.getAmdCrl(product, "vcek");
      const anchors = [platform.anchor];
      const report = evidence.subarray(0, 1184);
      const endorsements = { vendor: "amd", vek, chain, crl } as const;
      expect(
        await createEvidenceVerifier().verify({
          evidence: report,
          endorsements,
          anchors,
          now: NOW,
        }),
      ).toMatchObject({ product, crlChecked: true });
      const other = product === "Genoa" ? "Milan" : "Genoa";
      const { fmc = 0, bootloader, tee, snp, microcode } = tcb;
      const id = toHex(product === "Turin" ? chipId.subarray(0, 8) : chipId);
      const level = (fmcSpl: number, snpSpl: number): string =>
        `fmcSPL=${fmcSpl}&blSPL=${bootloader}&teeSPL=0${tee}&snpSPL=${snpSpl}&ucodeSPL=${microcode}`;
      for (const [path, status] of [
        [`vcek/v1/${product}/${id}?${level(fmc, snp)}`, 200],
        [`vcek/v1/${product}/${id.toUpperCase()}?${level(fmc, snp)}`, 200],
        [`vcek/v1/${product}/${id}?${level(fmc, snp + 1)}`, 404],
        [`vcek/v1/${product}/${"00".repeat(64)}?${level(fmc, snp)}`, 404],
        [`vcek/v1/${product}/${id}?${level(fmc, 256)}`, 400],
        [`vcek/v1/${product}/${id}`, 400],
        [`vcek/v1/${other}/cert_chain`, 404],
        [`vlek/v1/${product}/cert_chain`, 200],
        [`vlek/v1/${product}/crl`, 200],
        [`vlek/v1/${product}/${id}?${level(fmc, snp)}`, 404],
      ] as const) {
        expect([path, (await fetch(`${url}/${path}`)).status]).toEqual([path, status]);
      }
      await platform.close();
    },
  );

  test("hands a report the policy file's digest, and nothing without one", async () => {
    const hostData = new Uint8Array(32).fill(3);
    const tee = platforms.snp.teeFor({ ...IDENTITY, hostData });
    const { report } = reportOf(await tee.getEvidence(REPORT_DATA));
    expect(parseSnpReport(report).hostData).toEqual(hostData);
  });

  test("keeps its processor", () => {
    expect(() => platforms.snp.setScenario({ product: "Turin" })).toThrow(TypeError);
  });
});

function reportOf(evidence: Uint8Array): { report: Uint8Array } {
  const recognised = recogniseEvidence(evidence);
  if (recognised.tee !== "snp") throw new Error("no report");
  return recognised;
}

describe("platforms of different kinds", () => {
  test("seal differently on the same machine", async () => {
    const keys = await Promise.all(
      Object.values(platforms).flatMap((platform) =>
        (["product", "unique"] as const).map((policy) =>
          platform.teeFor(IDENTITY).getSealingKey(policy),
        ),
      ),
    );
    expect(new Set(keys.map(toHex)).size).toBe(6);
  });

  test("have the endorsements of their own vendor only", async () => {
    await expect(platforms.snp.collateral()).rejects.toThrow(TypeError);
    await expect(platforms.sgx.amdEndorsements()).rejects.toThrow(TypeError);
    await expect(platforms.tdx.amdEndorsements()).rejects.toThrow(TypeError);
    expect(Object.keys(await platforms.snp.amdEndorsements()).toSorted()).toEqual([
      "chain",
      "crl",
      "vek",
    ]);
  });

  test.each(["tdx", "snp"] as const)("need what %s measures", async (kind) => {
    const { td: _td, snpMeasurement: _measurement, ...enclave } = IDENTITY;
    await expect(platforms[kind].teeFor(enclave).getEvidence(REPORT_DATA)).rejects.toThrow(
      TypeError,
    );
  });
});
