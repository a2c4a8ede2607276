import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DcapCollateral } from "@carrara/attestation";
import { encodePem, fromHex, toHex, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFakeVendor, type FakeVendor } from "../testing/fake-vendor.ts";
import { MILAN_REQUEST as MILAN, SGX_REQUEST as SGX } from "../testing/sample-requests.ts";
import { readVcekFacts } from "./amd-facts.ts";
import {
  type CollateralBundle,
  EMPTY_BUNDLE,
  encodeCollateralBundle,
  MAX_BUNDLE_BYTES,
  parseCollateralBundle,
} from "./bundle.ts";
import { createBundleProvider } from "./bundle-provider.ts";
import { loadCollateralBundle } from "./load-bundle.ts";
import { collateralRefusalOf } from "./refusal.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const DAY_MS = 86_400_000;

let vendor: FakeVendor;
let collateral: DcapCollateral;
let full: CollateralBundle;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-bundle-"));
  vendor = await createFakeVendor();
  collateral = await vendor.dcap(SGX, { issuedAt: NOW, evaluationDataNumber: 17 });
  const { vek, chain } = await vendor.amdCertificates(MILAN);
  const crl = await vendor.amdCrl("Milan", NOW);
  full = {
    dcap: [collateral],
    veks: [vek],
    chains: [chain],
    crls: [{ product: "Milan", key: "vlek", crl }],
  };
});

afterAll(async () => {
  await rm(dir, { recursive: true });
});

function kindOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return collateralRefusalOf(error)?.kind;
  }
}

describe("a bundle document", () => {
  const text = fc.string({ maxLength: 40 });
  const hex = fc
    .uint8Array({ minLength: 1, maxLength: 40 })
    .map((b) => Buffer.from(b).toString("hex"));
  const dcap = fc.record(
    {
      tcbInfo: text,
      tcbInfoIssuerChain: text,
      qeIdentity: text,
      qeIdentityIssuerChain: text,
      pckCrl: hex,
      pckCrlIssuerChain: text,
      rootCaCrl: hex,
      pckCertChain: text,
      update: fc.constantFrom("standard" as const, "early" as const),
    },
    {
      requiredKeys: [
        "tcbInfo",
        "tcbInfoIssuerChain",
        "qeIdentity",
        "qeIdentityIssuerChain",
        "pckCrl",
        "pckCrlIssuerChain",
        "rootCaCrl",
      ],
      noNullPrototype: true,
    },
  );
  const bytes = fc.uint8Array({ maxLength: 40 }).map((found) => new Uint8Array(found));
  const bundles = fc.record(
    {
      dcap: fc.array(dcap, { maxLength: 3 }),
      veks: fc.array(bytes, { maxLength: 3 }),
      chains: fc.array(text, { maxLength: 3 }),
      crls: fc.array(
        fc.record(
          {
            product: fc.constantFrom("Milan" as const, "Turin" as const),
            key: fc.constantFrom("vcek" as const, "vlek" as const),
            crl: bytes,
          },
          { noNullPrototype: true },
        ),
        { maxLength: 3 },
      ),
    },
    { noNullPrototype: true },
  );

  test("is read as it was written", () => {
    fc.assert(
      fc.property(bundles, (bundle) => {
        expect(parseCollateralBundle(encodeCollateralBundle(bundle))).toEqual(bundle);
      }),
    );
  });

  test("is a bundle or our error, whatever the bytes", () => {
    const json = fc.json().map(utf8);
    const cut = fc.tuple(bundles, fc.nat()).map(([bundle, at]) => {
      const whole = encodeCollateralBundle(bundle);
      return whole.subarray(0, at % whole.length);
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), json, cut), (found) => {
        expect([undefined, "malformed"]).toContain(kindOf(() => parseCollateralBundle(found)));
      }),
    );
  });

  test("may be one collateral alone, with remarks", () => {
    const text = JSON.stringify({ name: "x", ...collateral, validity: {} });
    expect(parseCollateralBundle(utf8(text))).toEqual({ ...EMPTY_BUNDLE, dcap: [collateral] });
  });

  test("may leave out what it has none of", () => {
    expect(parseCollateralBundle(utf8('{"format":"carrara-collateral/1"}'))).toEqual(EMPTY_BUNDLE);
  });

  test.each([
    ["another format", '{"format":"carrara-collateral/2"}'],
    ["an unknown member", '{"format":"carrara-collateral/1","extra":1}'],
    ["an unknown product", '{"format":"carrara-collateral/1","crls":[{"product":"Rome"}]}'],
    ["nothing", "null"],
    [
      "too many items",
      JSON.stringify({ format: "carrara-collateral/1", chains: Array(4097).fill("") }),
    ],
  ])("is refused with %s", (_, document) => {
    expect(kindOf(() => parseCollateralBundle(utf8(document)))).toBe("malformed");
  });

  test("is refused above its size", () => {
    const long = new Uint8Array(MAX_BUNDLE_BYTES + 1);
    expect(kindOf(() => parseCollateralBundle(long))).toBe("malformed");
  });
});

describe("a bundle provider", () => {
  test("answers what the bundle has", async () => {
    const provider = createBundleProvider({ bundle: full });
    expect(await provider.getDcapCollateral({ ...SGX, fmspc: "00906ED50000" })).toEqual(collateral);
    const [vek, chain] = [full.veks[0], full.chains[0]];
    expect(await provider.getAmdCertificates(MILAN)).toEqual({ vek, chain });
    expect(await provider.getAmdCrl("Milan", "vlek")).toEqual(full.crls[0]?.crl);
  });

  test.each([
    ["platform", async (p) => await p.getDcapCollateral({ ...SGX, fmspc: "00806f050000" })],
    ["tee", async (p) => await p.getDcapCollateral({ ...SGX, tee: "tdx" })],
    ["ca", async (p) => await p.getDcapCollateral({ ...SGX, ca: "platform" })],
    ["update type", async (p) => await p.getDcapCollateral({ ...SGX, update: "early" })],
    ["chip", async (p) => await p.getAmdCertificates({ ...MILAN, hwId: new Uint8Array(64) })],
    ["tcb", async (p) => await p.getAmdCertificates({ ...MILAN, tcb: { ...MILAN.tcb, snp: 1 } })],
    ["product", async (p) => await p.getAmdCrl("Genoa", "vlek")],
    ["key", async (p) => await p.getAmdCrl("Milan", "vcek")],
  ] as readonly [string, (p: ReturnType<typeof createBundleProvider>) => Promise<unknown>][])(
    "has nothing for another %s",
    async (_, ask) => {
      const error = await ask(createBundleProvider({ bundle: full })).catch((e: unknown) => e);
      expect(collateralRefusalOf(error)).toEqual({ kind: "unknown" });
    },
  );

  test("answers with the latest that is valid, in whatever order they come", async () => {
    const tomorrow = new Date(NOW.getTime() + DAY_MS);
    const later = await vendor.dcap(SGX, { issuedAt: tomorrow, evaluationDataNumber: 17 });
    const ages = new Date(NOW.getTime() + 1000 * DAY_MS);
    for (const dcap of [
      [collateral, later],
      [later, collateral],
    ]) {
      const at = async (now: Date): Promise<DcapCollateral> =>
        await createBundleProvider({
          bundle: { ...EMPTY_BUNDLE, dcap },
          now: () => now,
        }).getDcapCollateral(SGX);
      expect(await at(NOW)).toEqual(collateral);
      expect(await at(tomorrow)).toEqual(later);
      expect(await at(ages)).toEqual(later);
    }
  });

  test("keeps early collateral apart", async () => {
    const early = await vendor.dcap(SGX, { issuedAt: NOW, evaluationDataNumber: 18 });
    const dcap = [collateral, { ...early, update: "early" as const }];
    const provider = createBundleProvider({ bundle: { ...EMPTY_BUNDLE, dcap } });
    expect(await provider.getDcapCollateral(SGX)).toEqual(collateral);
    expect(await provider.getDcapCollateral({ ...SGX, update: "early" })).toEqual(early);
  });

  test.each<readonly [string, () => CollateralBundle]>([
    ["collateral that is none", () => ({ ...full, dcap: [{ ...collateral, tcbInfo: "{}" }] })],
    ["a VCEK that is none", () => ({ ...full, veks: [new Uint8Array(3)] })],
    ["a VCEK without its chain", () => ({ ...full, chains: [] })],
    ["a chain that is none", () => ({ ...full, chains: ["x"] })],
    [
      "a CRL of another product",
      () => {
        const crls = full.crls.map((item) => ({ ...item, product: "Turin" as const }));
        return { ...full, crls };
      },
    ],
  ])("refuses %s at once", (_, bundle) => {
    expect(kindOf(() => createBundleProvider({ bundle: bundle() }))).toBe("malformed");
  });

  test("hands out copies", async () => {
    const provider = createBundleProvider({ bundle: full });
    (await provider.getAmdCrl("Milan", "vlek")).fill(0);
    (await provider.getAmdCertificates(MILAN)).vek.fill(0);
    expect(await provider.getAmdCrl("Milan", "vlek")).toEqual(full.crls[0]?.crl);
    expect((await provider.getAmdCertificates(MILAN)).vek).toEqual(full.veks[0]);
  });
});

describe("a bundle on disk", () => {
  test("is one file", async () => {
    const path = join(dir, "bundle.json");
    await writeFile(path, encodeCollateralBundle(full));
    expect(await loadCollateralBundle(path)).toEqual({ bundle: full, skipped: [] });
  });

  test("is a directory of files with one item each", async () => {
    const path = join(dir, "items");
    await mkdir(join(path, "sub"), { recursive: true });
    const [vek = new Uint8Array(), crl = new Uint8Array()] = [full.veks[0], full.crls[0]?.crl];
    await writeFile(join(path, "a.json"), JSON.stringify(collateral));
    await writeFile(join(path, "chip.der"), vek);
    await writeFile(join(path, "ask-ark.pem"), full.chains[0] ?? "");
    await writeFile(join(path, "milan-vlek.crl"), encodePem("X509 CRL", crl));
    await writeFile(join(path, "README.md"), "not read");
    expect(await loadCollateralBundle(path)).toEqual({
      bundle: full,
      skipped: [
        { name: "README.md", reason: "it is no collateral: neither json, der, pem nor hex" },
        { name: "sub", reason: "it is no regular file" },
      ],
    });
  });

  test("is a directory whose files are told by what is in them", async () => {
    const path = join(dir, "content");
    await mkdir(path);
    const [vek = new Uint8Array(), chain = ""] = [full.veks[0], full.chains[0]];
    const crl = full.crls[0]?.crl ?? new Uint8Array();
    await writeFile(
      join(path, "dcap-sgx-00906ed50000-processor-standard"),
      JSON.stringify(collateral),
    );
    await writeFile(join(path, "chip.crt"), `${encodePem("CERTIFICATE", vek)}${chain}`);
    await writeFile(join(path, "list-vlek.hex"), `${toHex(crl)}\n`);
    await writeFile(join(path, "floor-sgx-00906ed50000-standard"), '{"version":1}');
    expect(await loadCollateralBundle(path)).toEqual({ bundle: full, skipped: [] });
  });

  test.each<readonly [string, string, () => Uint8Array | string, string]>([
    ["JSON of something else", "a.json", () => "{}", "tcbInfo is missing or not what it should be"],
    ["half a document", "b.json", () => '{"tcbInfo":', "not JSON"],
    [
      "collateral of no platform",
      "c.json",
      () => JSON.stringify({ ...collateral, tcbInfo: "{}" }),
      "tcbInfo has no evaluation data number",
    ],
    ["a CRL whose name says of no key", "x.crl", () => full.crls[0]?.crl ?? "", "has vcek or vlek"],
    ["bytes", "d.der", () => fromHex("3000"), "cannot be read"],
    ["half a chain", "e.pem", () => (full.chains[0] ?? "").slice(0, -900), "pem cannot be read"],
    [
      "an issuer alone",
      "f.pem",
      () => `${(full.chains[0] ?? "").split("END CERTIFICATE-----")[0]}END CERTIFICATE-----`,
      '"SEV-Milan" alone',
    ],
    ["what is too large", "g.json", () => new Uint8Array(MAX_BUNDLE_BYTES + 1), "33554433 bytes"],
  ])("names a file of %s and why it does not count", async (_, name, content, reason) => {
    const path = await mkdtemp(join(dir, "odd-"));
    await writeFile(join(path, name), content());
    await writeFile(join(path, "good"), JSON.stringify(collateral));
    const { bundle, skipped } = await loadCollateralBundle(path);
    expect(bundle).toEqual({ ...EMPTY_BUNDLE, dcap: [collateral] });
    expect(skipped).toEqual([{ name, reason: expect.stringContaining(reason) }]);
  });

  test("is refused as one file that is none, and above its size", async () => {
    for (const content of ["hello", new Uint8Array(MAX_BUNDLE_BYTES + 1)]) {
      const path = join(dir, "one");
      await writeFile(path, content);
      const error: unknown = await loadCollateralBundle(path).catch((caught: unknown) => caught);
      expect(collateralRefusalOf(error)).toMatchObject({ kind: "malformed" });
    }
  });

  test("is refused by the system when it is not there", async () => {
    await expect(loadCollateralBundle(join(dir, "none"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

const VECTORS = fileURLToPath(new URL("../../../../../shared/vectors/", import.meta.url));

describe.skipIf(!existsSync(VECTORS))("genuine collateral", () => {
  test("is found in its directory by what it says of itself", async () => {
    const path = join(VECTORS, "collateral");
    const { bundle } = await loadCollateralBundle(path);
    expect(bundle.dcap).toHaveLength(readdirSync(path).length);
    const provider = createBundleProvider({ bundle });
    const { tcbInfo } = await provider.getDcapCollateral({
      fmspc: "90c06f000000",
      tee: "tdx",
      ca: "platform",
    });
    expect(tcbInfo).toContain('"issueDate":"2026-02-18');
  });

  test("is found for genuine AMD chips", async () => {
    const vek = new Uint8Array(readFileSync(join(VECTORS, "snp/virtee-turin.vcek.der")));
    const chain = readFileSync(join(VECTORS, "anchors/amd-turin-vcek-ask-ark.pem"), "utf8");
    const bundle = { ...EMPTY_BUNDLE, veks: [vek], chains: [chain] };
    const { product, hwId, tcb } = readVcekFacts(vek);
    const request = { product, hwId: fromHex(hwId), tcb };
    expect(await createBundleProvider({ bundle }).getAmdCertificates(request)).toEqual({
      vek,
      chain,
    });
  });
});
