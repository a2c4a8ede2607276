import type { DcapCollateral, EndorsementRequest } from "@carrara/attestation";
import { describe, expect, test } from "vitest";
import { fetchEndorsements } from "./fetch-endorsements.ts";
import type { CollateralProvider } from "./provider.ts";

const COLLATERAL = { tcbInfo: "of a service" } as DcapCollateral;
const VEK = new Uint8Array([1]);
const CRL = new Uint8Array([2]);

/** A provider that notes what it was asked for. */
function noting(asked: unknown[]): CollateralProvider {
  const note = <T>(answer: T, ...question: unknown[]): Promise<T> => {
    asked.push(question);
    return Promise.resolve(answer);
  };
  return {
    getDcapCollateral: (request) => note(COLLATERAL, request),
    getAmdCertificates: (request) => note({ vek: VEK, chain: "chain" }, request),
    getAmdCrl: (product, key) => note(CRL, product, key),
  };
}

const INTEL: EndorsementRequest = {
  vendor: "intel",
  tee: "tdx",
  fmspc: "53494d000000",
  ca: "platform",
  rootCertificate: new Uint8Array(),
};
const AMD: Extract<EndorsementRequest, { vendor: "amd" }> = {
  vendor: "amd",
  key: "vcek",
  product: "Milan",
  hwId: new Uint8Array(64),
  tcb: { bootloader: 1, tee: 2, snp: 3, microcode: 4 },
  carried: {},
  rootCertificate: undefined,
};

describe("endorsements are fetched", () => {
  test("of Intel by family, TEE and CA", async () => {
    const asked: unknown[] = [];
    const endorsements = await fetchEndorsements(noting(asked), INTEL);
    expect(endorsements).toEqual({ vendor: "intel", collateral: COLLATERAL });
    expect(asked).toEqual([[{ fmspc: "53494d000000", tee: "tdx", ca: "platform" }]]);
  });

  test("of AMD by chip and firmware, with the revocation list", async () => {
    const asked: unknown[] = [];
    const endorsements = await fetchEndorsements(noting(asked), AMD);
    expect(endorsements).toEqual({ vendor: "amd", vek: VEK, chain: "chain", crl: CRL });
    const { product, hwId, tcb } = AMD;
    expect(asked).toEqual([["Milan", "vcek"], [{ product, hwId, tcb }]]);
  });

  test("of AMD without asking for what came with the evidence, but for the revocation list", async () => {
    const asked: unknown[] = [];
    const carried = { vek: new Uint8Array([9]), chain: "own" };
    const endorsements = await fetchEndorsements(noting(asked), { ...AMD, key: "vlek", carried });
    expect(endorsements).toEqual({ vendor: "amd", ...carried, crl: CRL });
    expect(asked).toEqual([["Milan", "vlek"]]);
  });
});

describe("endorsements are refused with COLLATERAL_UNAVAILABLE", () => {
  const refusal = {
    name: "TeeError",
    code: "COLLATERAL_UNAVAILABLE",
    cause: { kind: "unsupported" },
  };
  const { getDcapCollateral, ...amdOnly } = noting([]);
  const { getAmdCertificates: _, ...withoutVcek } = amdOnly;

  test.each([
    ["of Intel where only AMD's are known", amdOnly, INTEL],
    ["of AMD where only Intel's are known", { getDcapCollateral }, AMD],
    ["of a chip whose VCEK nobody has", withoutVcek, AMD],
    ["for a VLEK that did not come along", noting([]), { ...AMD, key: "vlek" } as const],
  ])("%s", async (_name, provider, request) => {
    await expect(fetchEndorsements(provider, request)).rejects.toMatchObject(refusal);
  });
});
