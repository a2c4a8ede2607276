import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { DcapCollateral } from "@carrara/attestation";
import { utf8 } from "@carrara/encoding";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TeeError } from "../error.ts";
import { createFakeVendor, type FakeVendor } from "../testing/fake-vendor.ts";
import { MILAN_REQUEST as MILAN, SGX_REQUEST as SGX } from "../testing/sample-requests.ts";
import { EMPTY_BUNDLE, encodeCollateralBundle } from "./bundle.ts";
import { createCachedProvider } from "./cached-provider.ts";
import { type CollateralStore, createFileCollateralStore } from "./collateral-store.ts";
import type { CollateralProvider, PartialCollateralProvider } from "./provider.ts";
import { collateralRefusalOf, unavailable } from "./refusal.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const DAY_MS = 86_400_000;
const COPY = "dcap-sgx-00906ed50000-processor-standard";
const FLOOR = "floor-sgx-00906ed50000-standard";

let vendor: FakeVendor;
let dir: string;
let store: CollateralStore;
let clock: Date;
let reports: TeeError[];

beforeAll(async () => {
  vendor = await createFakeVendor();
});

beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), "carrara-store-")), "collateral");
  store = createFileCollateralStore({ dir });
  clock = NOW;
  reports = [];
});

afterEach(async () => {
  await rm(join(dir, ".."), { recursive: true });
});

async function issue(days: number, number: number): Promise<DcapCollateral> {
  const issuedAt = new Date(NOW.getTime() + days * DAY_MS);
  return await vendor.dcap(SGX, { issuedAt, evaluationDataNumber: number });
}

const DOWN: PartialCollateralProvider = {
  getDcapCollateral: async () => await Promise.reject(unavailable("unreachable", "down")),
  getAmdCertificates: async () => await Promise.reject(unavailable("unreachable", "down")),
  getAmdCrl: async () => await Promise.reject(unavailable("unreachable", "down")),
};

/** A source of one collateral. */
function has(collateral: DcapCollateral): PartialCollateralProvider {
  return { getDcapCollateral: async () => await Promise.resolve(collateral) };
}

/** A cache as after a start of its process. */
function cache(
  source: PartialCollateralProvider,
  over: CollateralStore = store,
): CollateralProvider {
  return createCachedProvider({
    source,
    anchors: [vendor.intelAnchor, ...vendor.amdAnchors],
    store: over,
    now: () => clock,
    random: () => 0,
    report: (error) => reports.push(error),
  });
}

async function kindOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => "answer",
    (error: unknown) => collateralRefusalOf(error)?.kind,
  );
}

describe("a store of files", () => {
  test("has what was written, and nothing else", async () => {
    expect(await store.read("a")).toBeUndefined();
    await store.write("a", utf8("one"));
    await store.write("a", utf8("two"));
    expect(await store.read("a")).toEqual(new Uint8Array(utf8("two")));
    expect(await readdir(dir)).toEqual(["a"]);
  });

  test("is for its owner alone", async () => {
    await store.write("a", utf8("one"));
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect((await stat(join(dir, "a"))).mode & 0o777).toBe(0o600);
  });

  test("makes room for new answers, but never forgets a floor", async () => {
    store = createFileCollateralStore({ dir, maxItems: 2 });
    await store.write("floor-a", utf8("0"));
    for (const [age, name] of ["a", "b", "c"].entries()) {
      await store.write(name, utf8("1"));
      await utimes(join(dir, name), age, age);
    }
    await store.write("d", utf8("1"));
    expect((await readdir(dir)).toSorted()).toEqual(["c", "d", "floor-a"]);
  });

  test.each(["", "../a", "a/b", "A", ".", "a.b"])("refuses the name %j", async (name) => {
    await expect(store.read(name)).rejects.toThrow(TypeError);
    await expect(store.write(name, utf8("1"))).rejects.toThrow(TypeError);
  });

  test("refuses an item that is too long", async () => {
    await store.write("a", new Uint8Array(8 * 1024 * 1024 + 1));
    await expect(store.read("a")).rejects.toThrow(RangeError);
  });
});

describe("a cache with a store", () => {
  test("answers after a start without a network", async () => {
    const collateral = await issue(0, 17);
    await cache(has(collateral)).getDcapCollateral(SGX);
    expect(await cache(DOWN).getDcapCollateral(SGX)).toEqual(collateral);
    expect(reports).toEqual([]);
  });

  test("renews a copy of unknown age at its next use", async () => {
    await cache(has(await issue(0, 17))).getDcapCollateral(SGX);
    const newer = await issue(0.5, 17);
    clock = new Date(NOW.getTime() + DAY_MS);
    const after = cache(has(newer));
    await after.getDcapCollateral(SGX);
    await expect.poll(async () => await after.getDcapCollateral(SGX)).toEqual(newer);
  });

  test("keeps VCEKs and CRLs of AMD as well", async () => {
    const certificates = await vendor.amdCertificates(MILAN);
    const crl = await vendor.amdCrl("Milan", NOW);
    const before = cache({
      getAmdCertificates: async () => await Promise.resolve(certificates),
      getAmdCrl: async () => await Promise.resolve(crl),
    });
    await before.getAmdCertificates(MILAN);
    await before.getAmdCrl("Milan", "vcek");
    const after = cache(DOWN);
    expect(await after.getAmdCertificates(MILAN)).toEqual(certificates);
    expect(await after.getAmdCrl("Milan", "vcek")).toEqual(crl);
    expect(await kindOf(after.getAmdCrl("Milan", "vlek"))).toBe("unreachable");
  });

  test("does not use a copy that has expired", async () => {
    await cache(has(await issue(0, 17))).getDcapCollateral(SGX);
    clock = new Date(NOW.getTime() + 31 * DAY_MS);
    expect(await kindOf(cache(DOWN).getDcapCollateral(SGX))).toBe("unreachable");
    expect(reports.map((error) => collateralRefusalOf(error)?.kind)).toEqual(["expired"]);
  });

  test.each<readonly [string, (copy: string) => Promise<Uint8Array | string>, string]>([
    ["damaged", async (copy) => await Promise.resolve(copy.slice(0, 999)), "malformed"],
    ["empty", async () => await Promise.resolve(""), "malformed"],
    [
      "of another key",
      async () => {
        const forger = await createFakeVendor();
        const forged = await forger.dcap(SGX, { issuedAt: NOW, evaluationDataNumber: 17 });
        return encodeCollateralBundle({
          ...EMPTY_BUNDLE,
          dcap: [{ ...forged, update: "standard" }],
        });
      },
      "unauthentic",
    ],
    [
      "of another platform",
      async () => {
        const other = { ...SGX, fmspc: "00806f050000" };
        const issued = { issuedAt: NOW, evaluationDataNumber: 17 };
        const dcap = [{ ...(await vendor.dcap(other, issued)), update: "standard" as const }];
        return encodeCollateralBundle({ ...EMPTY_BUNDLE, dcap });
      },
      "malformed",
    ],
    [
      "of another update type",
      async (copy) =>
        await Promise.resolve(copy.replace('"update":"standard"', '"update":"early"')),
      "malformed",
    ],
  ])("does not use a copy that is %s, but says so", async (_, change, kind) => {
    await cache(has(await issue(0, 17))).getDcapCollateral(SGX);
    const copy = new TextDecoder().decode(await store.read(COPY));
    await writeFile(join(dir, COPY), await change(copy));
    expect(await kindOf(cache(DOWN).getDcapCollateral(SGX))).toBe("unreachable");
    expect(reports.map((error) => collateralRefusalOf(error)?.kind)).toEqual([kind]);
    expect(await kindOf(cache(has(await issue(0, 17))).getDcapCollateral(SGX))).toBe("answer");
  });

  test("does not use a VCEK of another chip", async () => {
    const certificates = await vendor.amdCertificates(MILAN);
    const request = { ...MILAN, hwId: new Uint8Array(64) };
    const before = cache({ getAmdCertificates: async () => await Promise.resolve(certificates) });
    await before.getAmdCertificates(MILAN);
    const [mine = ""] = await readdir(dir);
    const copy = (await store.read(mine)) ?? new Uint8Array();
    await store.write(mine.replace("07".repeat(64), "00".repeat(64)), copy);
    expect(await kindOf(cache(DOWN).getAmdCertificates(request))).toBe("unreachable");
    expect(reports).toHaveLength(1);
  });

  test("does not use a CRL of the other keys", async () => {
    const crl = await vendor.amdCrl("Milan", NOW);
    await cache({ getAmdCrl: async () => await Promise.resolve(crl) }).getAmdCrl("Milan", "vcek");
    const copy = (await store.read("crl-milan-vcek")) ?? new Uint8Array();
    await store.write("crl-milan-vlek", copy);
    expect(await kindOf(cache(DOWN).getAmdCrl("Milan", "vlek"))).toBe("unreachable");
    expect(reports).toHaveLength(1);
  });

  test("answers though its store takes no copies, but says so", async () => {
    const full: CollateralStore = {
      read: async () => await Promise.resolve(undefined),
      write: async (name) => {
        if (name === COPY) throw new Error("no space");
        await Promise.resolve();
      },
    };
    expect(await kindOf(cache(has(await issue(0, 17)), full).getDcapCollateral(SGX))).toBe(
      "answer",
    );
    expect(reports.map((error) => collateralRefusalOf(error)?.kind)).toEqual(["store"]);
  });
});

describe("collateral never goes back", () => {
  const steps: readonly (readonly [string, number, number, string])[] = [
    ["a later number and date", 1, 18, "answer"],
    ["the same", 0, 17, "answer"],
    ["a later date", 1, 17, "answer"],
    ["an earlier number", 1, 16, "rollback"],
    ["an earlier date", -1, 17, "rollback"],
    ["an earlier date of a later number", -1, 18, "rollback"],
  ];

  test.each(steps)("after a start: %s", async (_, days, number, kind) => {
    clock = new Date(NOW.getTime() + DAY_MS);
    await cache(has(await issue(0, 17))).getDcapCollateral(SGX);
    await rm(join(dir, COPY));
    expect(await kindOf(cache(has(await issue(days, number))).getDcapCollateral(SGX))).toBe(kind);
  });

  test.each(steps)("without a store: %s", async (_, days, number, kind) => {
    let current = await issue(0, 17);
    const nothing: CollateralStore = {
      read: async () => await Promise.resolve(undefined),
      write: async () => await Promise.resolve(),
    };
    clock = new Date(NOW.getTime() + DAY_MS);
    const running = cache(
      { getDcapCollateral: async () => await Promise.resolve(current) },
      nothing,
    );
    await running.getDcapCollateral({ ...SGX });
    current = await issue(days, number);
    clock = new Date(NOW.getTime() + 28.5 * DAY_MS);
    const asked = { ...SGX };
    await running.getDcapCollateral(asked);
    await expect
      .poll(async () => {
        const { tcbInfo } = await running.getDcapCollateral(asked);
        return tcbInfo === current.tcbInfo || reports.length > 0;
      })
      .toBe(true);
    expect(reports.map((error) => collateralRefusalOf(error)?.kind)).toEqual(
      kind === "answer" ? [] : [kind],
    );
  });

  test.each(["tcbInfo", "qeIdentity"] as const)("not even its %s alone", async (part) => {
    const [older, newer] = [await issue(0, 16), await issue(0, 17)];
    await cache(has(newer)).getDcapCollateral(SGX);
    await rm(join(dir, COPY));
    const mixed = { ...newer, [part]: older[part] };
    expect(await kindOf(cache(has(mixed)).getDcapCollateral(SGX))).toBe("rollback");
  });

  test("nor to a copy that the store was given back", async () => {
    await cache(has(await issue(0, 17))).getDcapCollateral(SGX);
    const old = (await store.read(COPY)) ?? new Uint8Array();
    await cache(DOWN).getDcapCollateral(SGX);
    await rm(join(dir, COPY));
    await cache(has(await issue(0, 18))).getDcapCollateral(SGX);
    await store.write(COPY, old);
    expect(await kindOf(cache(DOWN).getDcapCollateral(SGX))).toBe("unreachable");
    expect(reports.map((error) => collateralRefusalOf(error)?.kind)).toEqual(["rollback"]);
  });

  test("but each platform, tee and update type has its own number", async () => {
    const before = cache({
      getDcapCollateral: async (request) =>
        await vendor.dcap(request, {
          issuedAt: NOW,
          evaluationDataNumber: request.update === "early" ? 18 : 17,
        }),
    });
    for (const request of [
      { ...SGX, update: "early" },
      { ...SGX, tee: "tdx", update: "early" },
      { ...SGX, fmspc: "00806f050000", update: "early" },
      SGX,
    ] as const) {
      expect(await kindOf(before.getDcapCollateral(request))).toBe("answer");
    }
  });

  test("and one answer at a time moves the floor", async () => {
    const slow: CollateralStore = {
      read: async (name) => await store.read(name),
      write: async (name, bytes) => {
        const first = name === FLOOR && new TextDecoder().decode(bytes).includes('Number":17');
        if (first) await setTimeout(60);
        await store.write(name, bytes);
      },
    };
    const source: PartialCollateralProvider = {
      getDcapCollateral: async (request) => {
        const late = request.ca === "platform";
        if (late) await setTimeout(20);
        const evaluationDataNumber = late ? 18 : 17;
        return await vendor.dcap(request, { issuedAt: NOW, evaluationDataNumber });
      },
    };
    const both = cache(source, slow);
    await Promise.all([
      both.getDcapCollateral(SGX),
      both.getDcapCollateral({ ...SGX, ca: "platform" }),
    ]);
    expect(new TextDecoder().decode(await store.read(FLOOR))).toContain('Number":18');
  });

  test.each([
    ["cannot be read", "{}"],
    ["is of the future of this program", '{"version":2}'],
  ])("and refuses when what it has seen %s", async (_, floor) => {
    await store.write(FLOOR, utf8(floor));
    expect(await kindOf(cache(has(await issue(0, 17))).getDcapCollateral(SGX))).toBe("store");
  });

  test("and refuses when its store is out of reach", async () => {
    const broken: CollateralStore = {
      read: async () => await Promise.reject(new Error("io")),
      write: async () => await Promise.reject(new Error("io")),
    };
    expect(await kindOf(cache(has(await issue(0, 17)), broken).getDcapCollateral(SGX))).toBe(
      "store",
    );
  });
});
