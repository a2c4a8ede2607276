import { setImmediate } from "node:timers/promises";
import type { DcapCollateral, TrustAnchor } from "@carrara/attestation";
import { utf8 } from "@carrara/encoding";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { TeeError } from "../error.ts";
import {
  type Disturbance,
  type FakeCollateralService,
  serveFakeCollateral,
} from "../testing/fake-collateral-service.ts";
import { createFakeVendor, type FakeVendor } from "../testing/fake-vendor.ts";
import {
  MILAN_REQUEST as MILAN,
  SGX_REQUEST as SGX,
  TDX_REQUEST as TDX,
} from "../testing/sample-requests.ts";
import { createCachedProvider } from "./cached-provider.ts";
import { createChainedProvider } from "./chained-provider.ts";
import { createKdsProvider } from "./kds-provider.ts";
import { createPccsProvider } from "./pccs-provider.ts";
import type { CollateralProvider, PartialCollateralProvider } from "./provider.ts";
import { collateralRefusalOf } from "./refusal.ts";

const START = new Date("2026-11-21T12:00:00Z");
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const UNKNOWN = { ...SGX, fmspc: "ffffffffffff" } as const;

let vendor: FakeVendor;
let service: FakeCollateralService;
let anchors: readonly TrustAnchor[];
let reports: TeeError[];
/** Loads begun, and not ended, by the source. */
let loads: number;
let running: number;
let cache: CollateralProvider;

beforeAll(async () => {
  vendor = await createFakeVendor();
  anchors = [vendor.intelAnchor, ...vendor.amdAnchors];
});

beforeEach(async () => {
  service = await serveFakeCollateral({ vendor, now: START });
  reports = [];
  loads = 0;
  running = 0;
  cache = newCache();
  return async () => await service.close();
});

/** A PCCS and a KDS, whose loads are counted while they run. */
function source(timeoutMs = 5000): CollateralProvider {
  const { url } = service;
  const now = (): Date => service.state.now;
  const options = { url, now, timeoutMs };
  const sources = [createPccsProvider(options), createKdsProvider(options)];
  const chain = createChainedProvider({ sources });
  return {
    getDcapCollateral: (...args) => counted(chain.getDcapCollateral(...args)),
    getAmdCertificates: (...args) => counted(chain.getAmdCertificates(...args)),
    getAmdCrl: (...args) => counted(chain.getAmdCrl(...args)),
  };
}

async function counted<T>(work: Promise<T>): Promise<T> {
  loads += 1;
  running += 1;
  return await work.finally(() => {
    running -= 1;
  });
}

/** Without jitter, unless a test wants some. */
function newCache(
  from: PartialCollateralProvider = source(),
  random = () => 0,
): CollateralProvider {
  return createCachedProvider({
    source: from,
    anchors,
    now: () => service.state.now,
    random,
    report: (error) => reports.push(error),
  });
}

function pass(ms: number): void {
  service.state.now = new Date(service.state.now.getTime() + ms);
}

/** How many loads `ask` causes, now and in the background, and what it gives or refuses with. */
async function counting(ask: () => Promise<unknown>): Promise<{ asked: number; kind: unknown }> {
  const before = loads;
  const kind = await ask().then(
    () => "answer",
    (error: unknown) => collateralRefusalOf(error)?.kind,
  );
  await settled();
  return { asked: loads - before, kind };
}

/** Until the sources are at rest, and what they refused was reported. */
async function settled(): Promise<void> {
  await vi.waitFor(() => expect(running).toBe(0), { interval: 1, timeout: 5000 });
  await setImmediate();
}

const sgx = async (): Promise<DcapCollateral> => await cache.getDcapCollateral(SGX);
const vcek = async (): Promise<unknown> => await cache.getAmdCertificates(MILAN);
const crl = async (): Promise<unknown> => await cache.getAmdCrl("Milan", "vcek");

describe("the key", () => {
  test.each([
    ["fmspc", { ...SGX, fmspc: "00806f050000" }, 1],
    ["tee", { ...SGX, tee: "tdx" }, 1],
    ["ca", { ...SGX, ca: "platform" }, 1],
    ["update type", { ...SGX, update: "early" }, 1],
    ["the case of the fmspc", { ...SGX, fmspc: "00906ED50000" }, 0],
    ["the default written out", { ...SGX, update: "standard" }, 0],
  ] as const)("tells requests apart by %s", async (_, request, asked) => {
    await sgx();
    expect(await counting(async () => await cache.getDcapCollateral(request))).toEqual({
      asked,
      kind: "answer",
    });
  });

  test.each([
    ["chip", { ...MILAN, hwId: new Uint8Array(64) }, 1],
    ["tcb", { ...MILAN, tcb: { ...MILAN.tcb, snp: 11 } }, 1],
    ["nothing else", { ...MILAN }, 0],
  ] as const)("tells VCEKs apart by %s", async (_, request, asked) => {
    await vcek();
    expect((await counting(async () => await cache.getAmdCertificates(request))).asked).toBe(asked);
  });
});

type Ask = () => Promise<unknown>;

describe("time", () => {
  test.each<readonly [string, Ask, number, number, string]>([
    ["collateral is fresh for a day", sgx, 23 * HOUR_MS, 0, "answer"],
    ["and then asked for anew behind its copy", sgx, 24 * HOUR_MS, 1, "answer"],
    ["to the last second", sgx, 30 * DAY_MS, 1, "answer"],
    ["and waited for beyond it", sgx, 30 * DAY_MS + 1, 1, "answer"],
    ["a CRL is fresh for a day", crl, 23 * HOUR_MS, 0, "answer"],
    ["and then asked for anew as well", crl, 24 * HOUR_MS, 1, "answer"],
    ["a VCEK is kept for good", vcek, 5 * 365 * DAY_MS, 0, "answer"],
  ])("%s", async (_, ask, ms, asked, kind) => {
    await ask();
    pass(ms);
    expect(await counting(ask)).toEqual({ asked, kind });
  });

  test("is half of the window where that is less than a day", async () => {
    service.state.issuedAt = new Date(START.getTime() - 15 * DAY_MS + HOUR_MS);
    await sgx();
    pass(HOUR_MS - 1);
    expect((await counting(sgx)).asked).toBe(0);
    pass(1);
    expect((await counting(sgx)).asked).toBe(1);
  });

  test("gives the copy at once while it is renewed, and then the new one", async () => {
    const first = await sgx();
    pass(DAY_MS);
    expect(await sgx()).toBe(first);
    await vi.waitFor(async () => {
      expect((await sgx()).tcbInfo).toContain("2026-11-22T12:00:00Z");
    });
    expect(reports).toEqual([]);
  });

  test.each<readonly [string, Ask, number]>([
    ["collateral", sgx, 31 * DAY_MS],
    ["a CRL", crl, 31 * DAY_MS],
    ["a VCEK", vcek, 7 * 365 * DAY_MS],
  ])("ends: what has expired is never handed out, %s", async (_, ask, ms) => {
    await ask();
    service.disturb("", { kind: "answer", status: 503 });
    pass(ms);
    expect((await counting(ask)).kind).toBe("failed");
  });

  test.each<readonly [string, Ask]>([
    ["collateral", sgx],
    ["a CRL", crl],
  ])("has run out when it comes: %s is refused", async (_, ask) => {
    service.state.issuedAt = new Date(START.getTime() - 31 * DAY_MS);
    expect((await counting(ask)).kind).toBe("expired");
  });

  test("has run out when it comes: a VCEK is refused", async () => {
    pass(7 * 365 * DAY_MS);
    expect((await counting(vcek)).kind).toBe("expired");
  });

  test("that is set back keeps no pause for longer", async () => {
    service.disturb("/tcb", { kind: "answer", status: 429, headers: { "retry-after": "3600" } });
    await counting(sgx);
    service.calm();
    pass(-DAY_MS);
    expect((await counting(sgx)).kind).toBe("answer");
  });
});

const THROTTLED: Disturbance = { kind: "answer", status: 429, headers: { "retry-after": "60" } };
const BROKEN: Disturbance = { kind: "answer", status: 503 };

describe("after a failure", () => {
  test.each<readonly [string, Disturbance, string, number]>([
    ["no such data is believed for five minutes", { kind: "answer", status: 404 }, "unknown", 300],
    ["nor is an unknown platform asked for", { kind: "answer", status: 461 }, "unknown", 300],
    ["a throttle is obeyed", THROTTLED, "throttled", 60],
    ["an error is waited out for a moment", BROKEN, "failed", 0.5],
    ["garbage is waited out for a moment", { kind: "body", body: utf8("x") }, "malformed", 0.5],
    ["half an answer as well", { kind: "truncated" }, "unreachable", 0.5],
  ])("%s", async (_, disturbance, kind, seconds) => {
    service.disturb("/tcb", disturbance);
    expect((await counting(sgx)).kind).toBe(kind);
    service.calm();
    pass(seconds * SECOND_MS - 1);
    expect(await counting(sgx)).toEqual({ asked: 0, kind });
    pass(1);
    expect(await counting(sgx)).toEqual({ asked: 1, kind: "answer" });
  });

  test.each<readonly [string, Disturbance, number]>([
    ["404", { kind: "answer", status: 404 }, 300],
    ["429", THROTTLED, 60],
    ["503", BROKEN, 0.5],
  ])("a copy that is valid is served, and %s told of", async (_, disturbance, seconds) => {
    const first = await sgx();
    pass(DAY_MS);
    service.disturb("", disturbance);
    expect(await sgx()).toBe(first);
    await settled();
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ code: "COLLATERAL_UNAVAILABLE" });
    pass(seconds * SECOND_MS - 1);
    expect((await counting(sgx)).asked).toBe(0);
    service.calm();
    pass(1);
    expect((await counting(sgx)).asked).toBe(1);
  });

  test("the next waits are longer, and an answer ends them", async () => {
    service.disturb("/tcb", BROKEN);
    for (const seconds of [0.5, 1, 2, 4]) {
      expect((await counting(sgx)).asked).toBe(1);
      pass(seconds * SECOND_MS - 1);
      expect((await counting(sgx)).asked).toBe(0);
      pass(1);
    }
    service.calm();
    expect((await counting(sgx)).kind).toBe("answer");
    service.disturb("/tcb", BROKEN);
    pass(31 * DAY_MS);
    await counting(sgx);
    pass(0.5 * SECOND_MS);
    expect((await counting(sgx)).asked).toBe(1);
  });

  test("waits are spread by chance", async () => {
    cache = newCache(source(), () => 0.999);
    service.disturb("/tcb", BROKEN);
    await counting(sgx);
    pass(0.9 * SECOND_MS);
    expect((await counting(sgx)).asked).toBe(0);
    pass(0.1 * SECOND_MS);
    expect((await counting(sgx)).asked).toBe(1);
  });

  test("a throttle holds for all that the service has, an error for one key", async () => {
    service.disturb("/tcb?fmspc=00906ed50000", BROKEN);
    await counting(sgx);
    const tdx = async (): Promise<unknown> => await cache.getDcapCollateral(TDX);
    expect((await counting(tdx)).kind).toBe("answer");
    service.disturb("SPL=", THROTTLED);
    expect((await counting(vcek)).kind).toBe("throttled");
    expect(await counting(crl)).toEqual({ asked: 0, kind: "throttled" });
    expect(
      (await counting(async () => await cache.getDcapCollateral({ ...TDX, ca: "processor" }))).kind,
    ).toBe("answer");
  });

  test("the refusal says how long it lasts", async () => {
    service.disturb("/tcb", THROTTLED);
    await counting(sgx);
    pass(10 * SECOND_MS);
    const error = await sgx().catch((caught: unknown) => caught);
    expect(collateralRefusalOf(error)).toEqual({
      kind: "throttled",
      status: 429,
      requestId: "0123456789abcdef",
      retryAfterMs: 50_000,
      reason: expect.anything(),
    });
  });
});

describe("many callers", () => {
  test("make one request", async () => {
    const work = async (): Promise<unknown> => await Promise.all([sgx(), sgx(), sgx()]);
    expect((await counting(work)).asked).toBe(1);
    expect(service.requests).toHaveLength(4);
  });

  test("of which one goes do not harm the others", async () => {
    const abort = new AbortController();
    const gone = cache.getDcapCollateral(SGX, abort.signal);
    const waiting = sgx();
    abort.abort(new Error("enough"));
    await expect(gone).rejects.toThrow("enough");
    expect((await waiting).tcbInfo).toContain("00906ED50000");
    await expect(cache.getDcapCollateral(SGX, abort.signal)).rejects.toThrow("enough");
  });

  test("wait no longer than a source may take", async () => {
    const silent: PartialCollateralProvider = {
      getDcapCollateral: async () => await new Promise(() => undefined),
    };
    cache = createCachedProvider({ source: silent, anchors, loadTimeoutMs: 20 });
    expect((await counting(sgx)).kind).toBe("unreachable");
  });

  test("of many keys cannot make more than 32 loads at once", async () => {
    service.disturb("", { kind: "silent" });
    cache = newCache(source(300));
    const all = Array.from({ length: 33 }, async (_, i) => {
      const fmspc = i.toString(16).padStart(12, "0");
      const error: unknown = await cache
        .getDcapCollateral({ ...SGX, fmspc })
        .catch((caught: unknown) => caught);
      return collateralRefusalOf(error)?.kind;
    });
    const kinds = await Promise.all(all);
    expect(kinds.filter((kind) => kind === "unreachable")).toHaveLength(32);
    expect(kinds[32]).toBe("throttled");
  });
});

describe("memory", () => {
  test("holds 64 platforms, and forgets the one not used for longest", async () => {
    const fmspcs = Array.from({ length: 65 }, (_, i) => i.toString(16).padStart(12, "0"));
    service.state.fmspcs = fmspcs;
    const ask = async (i: number): Promise<unknown> =>
      await cache.getDcapCollateral({ ...SGX, fmspc: fmspcs[i] ?? "" });
    for (let i = 0; i < 64; i += 1) await ask(i);
    await ask(0);
    await ask(64);
    expect((await counting(async () => await ask(0))).asked).toBe(0);
    expect((await counting(async () => await ask(1))).asked).toBe(1);
  });

  test("cannot be changed through what was handed out", async () => {
    const { vek } = await cache.getAmdCertificates(MILAN);
    const list = await cache.getAmdCrl("Milan", "vcek");
    const [goodVek, goodList] = [vek.slice(), list.slice()];
    vek.fill(0);
    list.fill(0);
    expect((await cache.getAmdCertificates(MILAN)).vek).toEqual(goodVek);
    expect(await cache.getAmdCrl("Milan", "vcek")).toEqual(goodList);
    expect(Object.isFrozen(await sgx())).toBe(true);
  });

  test("of unknown platforms is not asked for in vain", async () => {
    const ask = async (): Promise<unknown> => await cache.getDcapCollateral(UNKNOWN);
    expect((await counting(ask)).kind).toBe("unknown");
    expect(await counting(ask)).toEqual({ asked: 0, kind: "unknown" });
  });
});

describe("what is signed under no anchor", () => {
  let forger: FakeVendor;

  beforeAll(async () => {
    forger = await createFakeVendor();
  });

  async function forged(): Promise<CollateralProvider> {
    const issue = { issuedAt: START, evaluationDataNumber: 99 };
    const collateral = await forger.dcap(SGX, issue);
    const certificates = await forger.amdCertificates(MILAN);
    const list = await forger.amdCrl("Milan", START);
    return {
      getDcapCollateral: async () => await Promise.resolve(collateral),
      getAmdCertificates: async () => await Promise.resolve(certificates),
      getAmdCrl: async () => await Promise.resolve(list),
    };
  }

  test.each<readonly [string, Ask]>([
    ["collateral", sgx],
    ["a VCEK", vcek],
    ["a CRL", crl],
  ])("is refused: %s", async (_, ask) => {
    cache = newCache(await forged());
    expect((await counting(ask)).kind).toBe("unauthentic");
  });

  test("does not wind the memory forward", async () => {
    const bad = await forged();
    let current: CollateralProvider = bad;
    cache = newCache({
      getDcapCollateral: async (...args) => await current.getDcapCollateral(...args),
    });
    expect((await counting(sgx)).kind).toBe("unauthentic");
    current = source();
    pass(MINUTE_MS);
    expect((await counting(sgx)).kind).toBe("answer");
  });

  test.each([
    "tcbInfo",
    "qeIdentity",
    "pckCrl",
    "rootCaCrl",
    "tcbInfoIssuerChain",
    "qeIdentityIssuerChain",
    "pckCrlIssuerChain",
  ] as const)("is refused where only %s is", async (part) => {
    const good = await vendor.dcap(SGX, { issuedAt: START, evaluationDataNumber: 17 });
    const bad = await forger.dcap(SGX, { issuedAt: START, evaluationDataNumber: 17 });
    cache = newCache({
      getDcapCollateral: async () => await Promise.resolve({ ...good, [part]: bad[part] }),
    });
    expect((await counting(sgx)).kind).toBe("unauthentic");
  });

  test("is refused though it names a genuine root above it", async () => {
    const issue = { issuedAt: START, evaluationDataNumber: 17 };
    const [good, bad] = [await vendor.dcap(SGX, issue), await forger.dcap(SGX, issue)];
    const [, root = ""] = good.tcbInfoIssuerChain.split(/(?<=-----END CERTIFICATE-----\n)/);
    const [signer = ""] = bad.tcbInfoIssuerChain.split(/(?<=-----END CERTIFICATE-----\n)/);
    const mixed = { ...good, tcbInfo: bad.tcbInfo, tcbInfoIssuerChain: signer + root };
    cache = newCache({ getDcapCollateral: async () => await Promise.resolve(mixed) });
    expect((await counting(sgx)).kind).toBe("unauthentic");
  });

  test("is refused with any bit of what is signed flipped", async () => {
    const good = await vendor.dcap(SGX, { issuedAt: START, evaluationDataNumber: 17 });
    for (const part of ["tcbInfo", "qeIdentity", "pckCrl", "rootCaCrl"] as const) {
      for (let step = 1; step < 8; step += 1) {
        const text = utf8(good[part]);
        const at = Math.floor((text.length * step) / 8);
        text[at] = (text[at] ?? 0) ^ 1;
        const damaged = { ...good, [part]: new TextDecoder().decode(text) };
        cache = newCache({ getDcapCollateral: async () => await Promise.resolve(damaged) });
        expect(["unauthentic", "malformed", "expired"]).toContain(await kindOf(sgx));
      }
    }
  });
});

/** The refusal's kind, for sources without a service. */
async function kindOf(ask: Ask): Promise<unknown> {
  return await ask().then(
    () => "answer",
    (error: unknown) => collateralRefusalOf(error)?.kind,
  );
}

test("a source that lacks a vendor is not asked, nor paused", async () => {
  cache = newCache({});
  for (const ask of [sgx, vcek, crl, sgx]) {
    expect(await kindOf(ask)).toBe("unsupported");
  }
});
