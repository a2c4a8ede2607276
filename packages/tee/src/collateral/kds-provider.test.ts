import { existsSync, readFileSync } from "node:fs";
import { toHex, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type Disturbance,
  type FakeCollateralService,
  serveFakeCollateral,
} from "../testing/fake-collateral-service.ts";
import { createFakeVendor, type FakeVendor } from "../testing/fake-vendor.ts";
import { checkVcek, readAmdChain, readVcekFacts } from "./amd-facts.ts";
import { checkVcekIssuer } from "./authenticate.ts";
import { createKdsProvider } from "./kds-provider.ts";
import type { AmdCertificateRequest, AmdCollateralProvider } from "./provider.ts";
import { collateralRefusalOf } from "./refusal.ts";
import { exactAmdRequest } from "./request.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const HOUR_MS = 3_600_000;
const CHIP = new Uint8Array(64).fill(0xab);
const MILAN: AmdCertificateRequest = {
  product: "Milan",
  hwId: CHIP,
  tcb: { bootloader: 3, tee: 0, snp: 10, microcode: 209 },
};
const TURIN: AmdCertificateRequest = {
  product: "Turin",
  hwId: CHIP.slice(0, 8),
  tcb: { fmc: 1, bootloader: 2, tee: 1, snp: 3, microcode: 72 },
};

let vendor: FakeVendor;
let service: FakeCollateralService;
let clock: Date;

beforeAll(async () => {
  vendor = await createFakeVendor();
  service = await serveFakeCollateral({ vendor, now: NOW });
});

afterAll(async () => {
  await service.close();
});

afterEach(() => {
  service.calm();
  service.requests.length = 0;
});

function kds(timeoutMs = 5000): AmdCollateralProvider {
  clock = NOW;
  return createKdsProvider({ url: service.url, now: () => clock, timeoutMs });
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  return collateralRefusalOf(
    await work.then(
      () => undefined,
      (caught: unknown) => caught,
    ),
  );
}

describe("a KDS provider", () => {
  test.each([
    [MILAN, `/vcek/v1/Milan/${"ab".repeat(64)}?blSPL=03&teeSPL=00&snpSPL=10&ucodeSPL=209`],
    [
      { ...MILAN, product: "Genoa" } as const,
      `/vcek/v1/Genoa/${"ab".repeat(64)}?blSPL=03&teeSPL=00&snpSPL=10&ucodeSPL=209`,
    ],
    [TURIN, `/vcek/v1/Turin/${"ab".repeat(8)}?fmcSPL=01&blSPL=02&teeSPL=01&snpSPL=03&ucodeSPL=72`],
  ])("asks for a VCEK and its chain at AMD's paths (%#)", async (request, path) => {
    const { vek, chain } = await kds().getAmdCertificates(request);
    expect(service.requests.toSorted()).toEqual(
      [path, `/vcek/v1/${request.product}/cert_chain`].toSorted(),
    );
    expect(readVcekFacts(vek)).toMatchObject({ product: request.product, tcb: request.tcb });
    expect(readAmdChain(chain)).toMatchObject({ product: request.product, key: "vcek" });
  });

  test("takes a Turin id with the padding that a report has", async () => {
    const hwId = new Uint8Array(64);
    hwId.set(TURIN.hwId);
    const { vek } = await kds().getAmdCertificates({ ...TURIN, hwId });
    expect(readVcekFacts(vek).hwId).toBe("ab".repeat(8));
  });

  test("asks for the chain of a product once a day", async () => {
    const provider = kds();
    const chains = (): number => service.requests.filter((t) => t.endsWith("cert_chain")).length;
    await provider.getAmdCertificates(MILAN);
    await provider.getAmdCertificates({ ...MILAN, hwId: new Uint8Array(64) });
    expect(chains()).toBe(1);
    clock = new Date(NOW.getTime() + 25 * HOUR_MS);
    await provider.getAmdCertificates(MILAN);
    expect(chains()).toBe(2);
  });

  test("forgets a chain that fits no VCEK", async () => {
    const other = await createFakeVendor();
    const foreign = (await other.amdCertificates(MILAN)).chain;
    service.disturb("cert_chain", { kind: "body", body: utf8(foreign) });
    const provider = kds();
    expect(await refusal(provider.getAmdCertificates(MILAN))).toEqual({ kind: "unauthentic" });
    service.calm();
    expect((await provider.getAmdCertificates(MILAN)).chain).not.toBe(foreign);
  });

  test("forgets a chain that AMD has replaced", async () => {
    const provider = kds();
    await provider.getAmdCertificates(MILAN);
    const other = await createFakeVendor();
    const { vek, chain } = await other.amdCertificates(MILAN);
    service.disturb("SPL=", { kind: "body", body: vek });
    service.disturb("cert_chain", { kind: "body", body: utf8(chain) });
    expect(await refusal(provider.getAmdCertificates(MILAN))).toEqual({ kind: "unauthentic" });
    expect(await provider.getAmdCertificates(MILAN)).toEqual({ vek, chain });
  });

  test.each(["Genoa", "Turin"] as const)("refuses the chain of %s for Milan", async (product) => {
    const request = product === "Turin" ? TURIN : { ...MILAN, product };
    const { chain } = await vendor.amdCertificates(request);
    service.disturb("cert_chain", { kind: "body", body: utf8(chain) });
    expect(await refusal(kds().getAmdCertificates(MILAN))).toEqual({ kind: "malformed" });
  });

  test.each(["vcek", "vlek"] as const)("asks for a CRL of %ss at AMD's path", async (key) => {
    await kds().getAmdCrl("Genoa", key);
    expect(service.requests).toEqual([`/${key}/v1/Genoa/crl`]);
  });

  test("refuses the CRL of another product", async () => {
    const body = await vendor.amdCrl("Milan", NOW);
    service.disturb("/crl", { kind: "body", body });
    expect(await refusal(kds().getAmdCrl("Genoa", "vcek"))).toEqual({ kind: "malformed" });
  });

  test.each<readonly [string, Disturbance, string]>([
    ["no such chip", { kind: "answer", status: 404 }, "unknown"],
    ["too many requests", { kind: "answer", status: 429 }, "throttled"],
    ["an error", { kind: "answer", status: 500 }, "failed"],
    ["no certificate", { kind: "body", body: utf8("<html>") }, "malformed"],
    ["half an answer", { kind: "truncated" }, "unreachable"],
    ["an answer without end", { kind: "endless" }, "malformed"],
    ["no answer", { kind: "silent" }, "unreachable"],
  ])("refuses %s", async (_, disturbance, kind) => {
    service.disturb("SPL=", disturbance);
    const provider = kds(disturbance.kind === "silent" ? 100 : 5000);
    expect(await refusal(provider.getAmdCertificates(MILAN))).toMatchObject({ kind });
  });

  test.each([
    ["chip", { ...MILAN, hwId: new Uint8Array(64) }],
    ["product", { ...MILAN, product: "Genoa" }],
    ["boot loader", { ...MILAN, tcb: { ...MILAN.tcb, bootloader: 4 } }],
    ["tee", { ...MILAN, tcb: { ...MILAN.tcb, tee: 1 } }],
    ["snp", { ...MILAN, tcb: { ...MILAN.tcb, snp: 11 } }],
    ["microcode", { ...MILAN, tcb: { ...MILAN.tcb, microcode: 210 } }],
  ] as const)("refuses the VCEK of another %s", async (_, other) => {
    const { vek } = await vendor.amdCertificates(other);
    service.disturb("SPL=", { kind: "body", body: vek });
    expect(await refusal(kds().getAmdCertificates(MILAN))).toEqual({ kind: "malformed" });
  });

  test.each([
    { ...MILAN, product: "Rome" as "Milan" },
    { ...MILAN, hwId: new Uint8Array(63) },
    { ...TURIN, hwId: CHIP },
    { ...TURIN, hwId: new Uint8Array(9) },
    { ...MILAN, tcb: TURIN.tcb },
    { ...TURIN, tcb: MILAN.tcb },
    { ...MILAN, tcb: { ...MILAN.tcb, snp: 256 } },
    { ...MILAN, tcb: { ...MILAN.tcb, snp: 1.5 } },
  ])("refuses a request that names no chip with a TypeError (%#)", async (request) => {
    await expect(kds().getAmdCertificates(request)).rejects.toThrow(TypeError);
    expect(service.requests).toEqual([]);
  });

  test("refuses a CRL that there is not with a TypeError", async () => {
    await expect(kds().getAmdCrl("Milan", "../x" as "vcek")).rejects.toThrow(TypeError);
    await expect(kds().getAmdCrl("../x" as "Milan", "vcek")).rejects.toThrow(TypeError);
  });

  test("gives certificates or our error for any bodies", async () => {
    const { vek, chain } = await vendor.amdCertificates(MILAN);
    const flipped = fc.tuple(fc.nat(vek.length - 1), fc.nat(7)).map(([at, bit]) => {
      const copy = vek.slice();
      copy[at] = (copy[at] ?? 0) ^ (1 << bit);
      return copy;
    });
    const bodies = fc.oneof(fc.uint8Array({ maxLength: 64 }), flipped);
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const provider = createKdsProvider({
          url: "http://kds.test",
          fetch: async (input) =>
            await Promise.resolve(
              new Response(Buffer.from(String(input).includes("SPL=") ? body : utf8(chain))),
            ),
        });
        expect(await refusal(provider.getAmdCertificates(MILAN))).toBeDefined();
      }),
    );
  });
});

const VECTORS = new URL("../../../../../shared/vectors/", import.meta.url);

describe.skipIf(!existsSync(VECTORS))("AMD's own certificates", () => {
  test.each([
    ["snp-virtee-milan-v2", "milan", "Milan"],
    ["snp-oak-genoa-v5", "genoa", "Genoa"],
    ["virtee-turin", "turin", "Turin"],
  ] as const)("are read and found to be signed: %s", async (name, line, product) => {
    const vek = new Uint8Array(readFileSync(new URL(`snp/${name}.vcek.der`, VECTORS)));
    const chain = readFileSync(new URL(`anchors/amd-${line}-vcek-ask-ark.pem`, VECTORS), "utf8");
    const facts = readVcekFacts(vek);
    expect(facts.product).toBe(product);
    expect(facts.hwId).toHaveLength(product === "Turin" ? 16 : 128);
    await checkVcekIssuer({ vek, chain });
    const hwId = Uint8Array.from(Buffer.from(facts.hwId, "hex"));
    const exact = exactAmdRequest({ product, hwId, tcb: facts.tcb });
    expect(exact.hwId).toBe(toHex(hwId));
    expect(() => checkVcek(vek, exact)).not.toThrow();
  });
});
