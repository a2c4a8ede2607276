import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  appraiseSgx,
  createDcapVerifier,
  INTEL_SGX_ROOT,
  parseQuote,
  pckInfoOfQuote,
  requireSgx,
  type VerifiedSgxQuote,
} from "@carrara/attestation";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createPccsProvider } from "../collateral/pccs-provider.ts";
import type { EnclaveIdentity } from "../image/verify-image.ts";
import { PAPER_NODE } from "../testing/signed-image.ts";
import type { PlatformScenario } from "./scenario.ts";
import { createSimulatedPlatform, type SimulatedPlatform } from "./simulated-platform.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const IDENTITY: EnclaveIdentity = {
  mrEnclave: new Uint8Array(32).fill(2),
  mrSigner: new Uint8Array(32).fill(3),
  isvProdId: 7,
  isvSvn: 3,
  debug: false,
};
const REPORT_DATA = new Uint8Array(64).fill(9);

let dir = "";
let platform: SimulatedPlatform;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-platform-"));
  platform = await createSimulatedPlatform({ dir, now: () => NOW, node: PAPER_NODE });
});

afterAll(async () => {
  await platform.close();
  await rm(dir, { recursive: true });
});

async function verify(
  scenario: Partial<PlatformScenario> = {},
  identity: EnclaveIdentity = IDENTITY,
): Promise<VerifiedSgxQuote> {
  platform.setScenario(scenario);
  const quote = await platform.teeFor(identity).getEvidence(REPORT_DATA);
  const collateral = await platform.collateral();
  const { anchor } = platform;
  return requireSgx(await createDcapVerifier().verify({ quote, collateral, anchor, now: NOW }));
}

describe("simulated evidence", () => {
  test("verifies under the platform's anchor and says what it is", async () => {
    const verified = await verify();
    expect(verified).toMatchObject({
      assurance: "simulation",
      status: "UpToDate",
      advisoryIds: [],
      body: { isvProdId: 7, isvSvn: 3, debug: false },
    });
    expect(verified.body.mrEnclave).toEqual(IDENTITY.mrEnclave);
    expect(verified.body.mrSigner).toEqual(IDENTITY.mrSigner);
    expect(verified.trustAnchor.name).toBe("SIMULATION SGX Root CA");
  });

  test("has its attestation key certified once, as on hardware", async () => {
    const parsed = async (scenario: Partial<PlatformScenario>) => {
      platform.setScenario(scenario);
      return parseQuote(await platform.teeFor(IDENTITY).getEvidence(REPORT_DATA));
    };
    const [one, other] = [await parsed({}), await parsed({})];
    expect(one.signature).not.toEqual(other.signature);
    expect(one.qeReportSignature).toEqual(other.qeReportSignature);
    // Its quoting enclave reports other data here: the signature must be over that.
    await verify({ qeAuthDataBytes: 16 });
    const again = await parsed({ qeAuthDataBytes: 16 });
    expect(again.qeReportSignature).not.toEqual(one.qeReportSignature);
  });

  test("verifies with collateral fetched over the network", async () => {
    platform.setScenario({});
    const pcs = await platform.servePcs({ host: "127.0.0.1", port: 0 });
    const quote = await platform.teeFor(IDENTITY).getEvidence(REPORT_DATA);
    const { fmspc, ca } = pckInfoOfQuote(parseQuote(quote));
    const provider = createPccsProvider({ url: pcs.url });
    const collateral = await provider.getDcapCollateral({ fmspc, tee: "sgx", ca });
    const { anchor } = platform;
    const verified = await createDcapVerifier().verify({ quote, collateral, anchor, now: NOW });
    expect(verified.status).toBe("UpToDate");
    expect(collateral).toEqual(await platform.collateral());
  });

  test("is not trusted under the vendor's root", async () => {
    const quote = await platform.teeFor(IDENTITY).getEvidence(REPORT_DATA);
    const collateral = await platform.collateral();
    await expect(
      createDcapVerifier().verify({ quote, collateral, anchor: INTEL_SGX_ROOT, now: NOW }),
    ).rejects.toMatchObject({ code: "CERT_UNTRUSTED_ROOT" });
  });

  test("is not accepted by a policy that does not ask for simulation", async () => {
    const policy = { measurement: "any", reportData: "any" } as const;
    const violations = appraiseSgx(await verify(), policy);
    expect(violations.map(({ code }) => code)).toContain("POLICY_SIMULATION");
  });

  test("carries DEBUG for a debug image only", async () => {
    expect((await verify({}, { ...IDENTITY, debug: true })).body.debug).toBe(true);
  });

  test("is refused when a bit of what is signed is flipped", async () => {
    platform.setScenario({});
    const genuine = await platform.teeFor(IDENTITY).getEvidence(REPORT_DATA);
    const collateral = await platform.collateral();
    const { anchor } = platform;
    const verifier = createDcapVerifier();
    for (const offset of [
      28,
      48,
      48 + 64,
      48 + 128,
      48 + 256,
      48 + 320,
      436,
      500,
      564,
      948,
      1014,
    ]) {
      const quote = genuine.slice();
      quote[offset] = (quote[offset] ?? 0) ^ 1;
      await expect(verifier.verify({ quote, collateral, anchor, now: NOW })).rejects.toMatchObject({
        name: "AttestationError",
      });
    }
  });

  test.each([
    ["SWHardeningNeeded", "UpToDate", "SWHardeningNeeded"],
    ["ConfigurationNeeded", "UpToDate", "ConfigurationNeeded"],
    ["OutOfDate", "UpToDate", "OutOfDate"],
    ["UpToDate", "OutOfDate", "OutOfDate"],
    ["ConfigurationNeeded", "OutOfDate", "OutOfDateConfigurationNeeded"],
  ] as const)("of a platform %s with a QE %s is %s", async (tcbStatus, qeStatus, status) => {
    const advisoryIds = ["INTEL-SA-00001"];
    expect(await verify({ tcbStatus, qeStatus, advisoryIds })).toMatchObject({
      status,
      advisoryIds,
    });
  });

  test.each([
    ["a revoked PCK certificate", { revoked: ["pck"] }, "CERT_REVOKED"],
    ["a revoked platform CA", { revoked: ["platform-ca"] }, "CERT_REVOKED"],
    ["a revoked TCB signer", { revoked: ["tcb-signing"] }, "CERT_REVOKED"],
    ["a revoked TCB level", { tcbStatus: "Revoked" }, "TCB_REVOKED"],
    ["a revoked QE level", { qeStatus: "Revoked" }, "TCB_REVOKED"],
  ] as const)("of a platform with %s is refused with %s", async (_, scenario, code) => {
    await expect(verify(scenario)).rejects.toMatchObject({ code });
  });

  test("is refused with collateral of last month", async () => {
    const issuedAt = new Date(NOW.getTime() - 8 * 86_400_000);
    await expect(verify({ issuedAt })).rejects.toMatchObject({
      code: expect.stringMatching(/_EXPIRED$/),
    });
  });
});

describe("a simulated platform", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test("is refused with SIMULATION_IN_PRODUCTION where NODE_ENV says so", async () => {
    vi.stubEnv("NODE_ENV", "production");
    await expect(createSimulatedPlatform({ dir, node: PAPER_NODE })).rejects.toMatchObject({
      name: "TeeError",
      code: "SIMULATION_IN_PRODUCTION",
    });
    const allowed = await createSimulatedPlatform({
      dir,
      node: PAPER_NODE,
      now: () => NOW,
      allowSimulationInProduction: true,
    });
    expect(allowed.anchor.spki).toEqual(platform.anchor.spki);
  });

  test("refuses 65 bytes of report data with a TypeError", async () => {
    const tee = platform.teeFor(IDENTITY);
    await expect(tee.getEvidence(new Uint8Array(65))).rejects.toThrow(TypeError);
  });

  test("seals the same on the same machine and otherwise on another", async () => {
    const elsewhere = await createSimulatedPlatform({ dir: join(dir, "b"), node: PAPER_NODE });
    const again = await createSimulatedPlatform({ dir, node: PAPER_NODE, now: () => NOW });
    const keys = await Promise.all(
      [platform, again, elsewhere].map((one) => one.teeFor(IDENTITY).getSealingKey("product")),
    );
    expect(keys[1]).toEqual(keys[0]);
    expect(keys[2]).not.toEqual(keys[0]);
  });
});
