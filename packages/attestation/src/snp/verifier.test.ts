import { toHex } from "@carrara/encoding";
import { generateEcKey } from "@carrara/pki";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { isHardware } from "../assurance.ts";
import { sha256 } from "../crypto.ts";
import { codeOf } from "../testing/verify-code.ts";
import { CERT_TABLE_GUID, encodeCertTable } from "./cert-table.ts";
import type { SnpProduct } from "./product.ts";
import { encodeSnpTcb } from "./tcb.ts";
import {
  createTestSnpKeys,
  createTestSnpPlatform,
  type TestSnpKeys,
  type TestSnpPlatform,
} from "./testing/test-snp-platform.ts";
import type { VekKind } from "./vek-extensions.ts";
import { createSnpVerifier, type SnpVerification } from "./verifier.ts";

let keys: TestSnpKeys;
let milan: TestSnpPlatform;

beforeAll(async () => {
  keys = await createTestSnpKeys();
  milan = await createTestSnpPlatform(keys);
});

async function inputOf(platform: TestSnpPlatform = milan): Promise<SnpVerification> {
  const { vek, chain, anchor, now } = platform;
  return { report: await platform.report(), vek, chain, anchors: [anchor], now };
}

describe("a simulated report", () => {
  const products: readonly SnpProduct[] = ["Milan", "Genoa", "Turin"];
  const kinds: readonly VekKind[] = ["VCEK", "VLEK"];

  test.each(products.flatMap((product) => kinds.map((kind) => [product, kind] as const)))(
    "of %s under a %s verifies and says that it is a simulation",
    async (product, kind) => {
      const platform = await createTestSnpPlatform(keys, { product, kind });
      const verified = await createSnpVerifier().verify(await inputOf(platform));
      expect(verified).toMatchObject({
        assurance: "simulation",
        tee: "snp",
        product,
        signingKey: kind,
        warnings: [],
        crlChecked: false,
        verifiedAt: platform.now,
        trustAnchor: { kind: "simulation", name: `ARK-${product}` },
        claims: { product, version: 5, reportedTcb: platform.tcb },
        vek: { kind, tcb: platform.tcb },
      });
      expect(verified.trustAnchor.spkiSha256).toBe(toHex(await sha256(platform.anchor.spki)));
      expect(isHardware(verified)).toBe(false);
    },
  );

  test.each([2, 3, 4, 9])("of version %i verifies", async (version) => {
    const report = await milan.report({ version });
    const verified = await createSnpVerifier().verify({ ...(await inputOf()), report });
    expect(verified).toMatchObject({ product: "Milan", claims: { version } });
    expect(verified.claims.cpuid?.family).toBe(version === 2 ? undefined : 0x19);
    expect(verified.warnings).toEqual(version === 9 ? ["UNKNOWN_REPORT_VERSION"] : []);
  });

  test("does not verify under AMD's own roots", async () => {
    const { report, vek = new Uint8Array(), chain = "", now } = await inputOf();
    const verifier = createSnpVerifier();
    expect(await codeOf(verifier.verify({ report, vek, chain, now }))).toBe("VEK_CHAIN_INVALID");
    expect(await codeOf(verifier.verify({ report, vek, now }))).toBe("VEK_CHAIN_INVALID");
    expect(await codeOf(verifier.verifyVek({ vek, chain, now }))).toBe("VEK_CHAIN_INVALID");
  });

  test("does not verify with any bit flipped", async () => {
    const input = await inputOf();
    const verifier = createSnpVerifier();
    const bits = fc.nat(input.report.length * 8 - 1);
    await fc.assert(
      fc.asyncProperty(bits, async (bit) => {
        const report = input.report.slice();
        report[bit >> 3] = (report[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(await codeOf(verifier.verify({ ...input, report }))).not.toBe("accepted");
      }),
      { numRuns: 150 },
    );
  });

  test("does not verify with any bit of its key's certificate flipped", async () => {
    const input = await inputOf();
    const verifier = createSnpVerifier();
    await fc.assert(
      fc.asyncProperty(fc.nat(milan.vek.length * 8 - 1), async (bit) => {
        const vek = milan.vek.slice();
        vek[bit >> 3] = (vek[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(await codeOf(verifier.verify({ ...input, vek }))).not.toBe("accepted");
      }),
      { numRuns: 80 },
    );
  });
});

describe("certificates from a table", () => {
  async function verifyWith(entries: Parameters<typeof encodeCertTable>[0], more: object = {}) {
    const { report, anchors, now } = await inputOf();
    const certTable = encodeCertTable(entries);
    const input = { report, certTable, now, ...(anchors === undefined ? {} : { anchors }) };
    return await codeOf(createSnpVerifier().verify({ ...input, ...more }));
  }
  const vcek = () => ({ guid: CERT_TABLE_GUID.vcek, data: milan.vek });
  const ask = () => ({ guid: CERT_TABLE_GUID.ask, data: milan.intermediate });
  const ark = () => ({ guid: CERT_TABLE_GUID.ark, data: milan.ark });

  test("suffice, with the root or without", async () => {
    expect(await verifyWith([ark(), ask(), vcek()])).toBe("accepted");
    expect(await verifyWith([vcek(), ask()])).toBe("accepted");
    const empty = { guid: CERT_TABLE_GUID.ark, data: new Uint8Array() };
    expect(await verifyWith([vcek(), ask(), empty])).toBe("accepted");
  });

  test("give way to ones that were given by themselves", async () => {
    const wrong = { guid: CERT_TABLE_GUID.vcek, data: milan.ark };
    const { vek, chain } = milan;
    expect(await verifyWith([wrong, ask()])).toBe("VEK_FORMAT");
    expect(await verifyWith([wrong, ask()], { vek })).toBe("accepted");
    expect(await verifyWith([vcek()], { chain })).toBe("accepted");
  });

  test("must have the key that signed", async () => {
    expect(await verifyWith([ask(), ark()])).toBe("VEK_MISSING");
    expect(await verifyWith([{ guid: CERT_TABLE_GUID.vlek, data: milan.vek }])).toBe("VEK_MISSING");
    const empty = { guid: CERT_TABLE_GUID.vcek, data: new Uint8Array() };
    expect(await verifyWith([empty, ask()])).toBe("VEK_MISSING");
  });

  test("must be a table", async () => {
    expect(await verifyWith([], { certTable: new Uint8Array([1, 2, 3]) })).toBe("VEK_FORMAT");
  });
});

describe("a revocation list", () => {
  test("that lists nobody counts as checked, and bounds how long the result holds", async () => {
    const crl = await milan.crl([]);
    const verified = await createSnpVerifier().verify({ ...(await inputOf()), crl });
    expect(verified.crlChecked).toBe(true);
    const half = 12 * 60 * 60 * 1000;
    expect(verified.validFrom).toEqual(new Date(milan.now.getTime() - half));
    expect(verified.validUntil).toEqual(new Date(milan.now.getTime() + half));
  });

  test("is read at every call, not once", async () => {
    const input = await inputOf();
    const verifier = createSnpVerifier();
    const verify = async (crl: Uint8Array, now: Date = milan.now) =>
      await codeOf(verifier.verify({ ...input, crl, now }));
    const good = await milan.crl([]);
    expect(await verify(good)).toBe("accepted");
    expect(await verify(await milan.crl([new Uint8Array([2])]))).toBe("CERT_REVOKED");
    expect(await verify(await milan.crl([new Uint8Array([3])]))).toBe("accepted");
    expect(await verify(new Uint8Array())).toBe("CRL_MISSING");
    expect(await verify(good.subarray(1))).toBe("CRL_MALFORMED");
    expect(await verify(new Uint8Array(1024 * 1024 + 1))).toBe("CRL_MALFORMED");
    const hours = (count: number) => new Date(milan.now.getTime() + count * 60 * 60 * 1000);
    expect(await verify(good, hours(13))).toBe("CRL_EXPIRED");
    expect(await verify(good, hours(-13))).toBe("CRL_NOT_YET_VALID");
    const stranger = await createTestSnpPlatform({ ...keys, ark: keys.stranger });
    expect(await verify(await stranger.crl([]))).toBe("CRL_SIGNATURE_INVALID");
    const genoa = await createTestSnpPlatform(keys, { product: "Genoa" });
    expect(await verify(await genoa.crl([]))).toBe("CRL_ISSUER_MISMATCH");
    const bare = await milan.crl([], (crl) => ({ ...crl, extensions: crl.extensions.slice(1) }));
    expect(await verify(bare)).toBe("CRL_MALFORMED");
  });
});

describe("a versioned key alone", () => {
  test("verifies without a report", async () => {
    const { vek, chain, anchor, now } = await createTestSnpPlatform(keys, { product: "Turin" });
    const input = { vek, chain, anchors: [anchor], now };
    const verified = await createSnpVerifier().verifyVek(input);
    expect(verified).toMatchObject({ product: "Turin", signingKey: "VCEK", crlChecked: false });
    expect(await codeOf(createSnpVerifier().verifyVek({ ...input, vek: new Uint8Array() }))).toBe(
      "VEK_MISSING",
    );
  });
});

describe("memory", () => {
  test("does not outlive the certificates", async () => {
    const input = await inputOf();
    const verifier = createSnpVerifier();
    const at = async (days: number) => {
      const now = new Date(milan.now.getTime() + days * 24 * 60 * 60 * 1000);
      return await codeOf(verifier.verify({ ...input, now }));
    };
    expect(await at(0)).toBe("accepted");
    expect(await at(1.1)).toBe("CERT_EXPIRED");
    expect(await at(-1.1)).toBe("CERT_NOT_YET_VALID");
    expect(await at(0)).toBe("accepted");
  });

  test("keeps anchors apart", async () => {
    const input = await inputOf();
    const verifier = createSnpVerifier();
    const other = await createTestSnpPlatform({ ...keys, ark: keys.stranger });
    expect(await codeOf(verifier.verify(input))).toBe("accepted");
    const anchors = [other.anchor];
    expect(await codeOf(verifier.verify({ ...input, anchors }))).toBe("VEK_CHAIN_INVALID");
    expect(await codeOf(verifier.verify({ ...input, anchors: [] }))).toBe("VEK_CHAIN_INVALID");
    const both = [other.anchor, milan.anchor];
    expect(await codeOf(verifier.verify({ ...input, anchors: both }))).toBe("accepted");
  });

  test("keeps keys apart, and what they are wanted for", async () => {
    const input = await inputOf();
    const verifier = createSnpVerifier();
    expect(await codeOf(verifier.verify(input))).toBe("accepted");
    const other = await createTestSnpPlatform({ ...keys, vek: await generateEcKey("P-384") });
    const { vek } = other;
    expect(await codeOf(verifier.verify({ ...input, vek }))).toBe("REPORT_SIGNATURE_INVALID");
    const report = await milan.report({
      signerInfo: { authorKeyEn: false, maskChipKey: false, signingKey: "VLEK" },
    });
    expect(await codeOf(verifier.verify({ ...input, report }))).toBe("VEK_FORMAT");
  });

  test("is not what is handed out", async () => {
    const input = await inputOf();
    const verifier = createSnpVerifier();
    const first = await verifier.verify(input);
    Object.assign(first.vek.tcb, { snp: 0 });
    first.vek.notAfter.setTime(0);
    const second = await verifier.verify(input);
    expect(second.vek.tcb).toEqual(milan.tcb);
    expect(second.vek.notAfter.getTime()).toBeGreaterThan(milan.now.getTime());
  });

  test("does not look at bytes that change during the call", async () => {
    const input = await inputOf();
    const report = input.report.slice();
    const vek = milan.vek.slice();
    const work = createSnpVerifier().verify({ ...input, report, vek });
    report.fill(0);
    vek.fill(0);
    expect((await work).claims.reportedTcb).toEqual(milan.tcb);
  });
});

describe("warnings", () => {
  const raw = (change: object) => encodeSnpTcb({ ...milan.tcb, ...change }, "Milan");
  const version = { major: 1, minor: 55, build: 29 };

  test.each<[string, () => object, readonly string[]]>([
    ["firmware that is not committed", () => ({ currentTcb: raw({ microcode: 220 }) }), ["P"]],
    ["a version that is not committed", () => ({ currentVersion: version }), ["P"]],
    ["a committed tcb above", () => ({ committedTcb: raw({ tee: 2 }) }), ["P", "I"]],
    ["a reported tcb above", () => ({ currentTcb: raw({ snp: 1 }) }), ["P", "I"]],
  ])("tell of %s", async (_, fields, expected) => {
    const report = await milan.report(fields());
    const { warnings } = await createSnpVerifier().verify({ ...(await inputOf()), report });
    const names = { P: "PROVISIONAL_FIRMWARE", I: "TCB_INCONSISTENT" };
    expect(warnings).toEqual(expected.map((letter) => names[letter as "P" | "I"]));
  });
});

describe("an input that is none", () => {
  test.each<[string, (good: SnpVerification) => unknown]>([
    ["no object", () => null],
    [
      "a report in shared memory",
      (good) => ({ ...good, report: new Uint8Array(new SharedArrayBuffer(1184)) }),
    ],
    ["a report as text", (good) => ({ ...good, report: "x".repeat(1184) })],
    ["a key as text", (good) => ({ ...good, vek: "x" })],
    ["a chain that is no text", (good) => ({ ...good, chain: 5 })],
    ["anchors that are none", (good) => ({ ...good, anchors: [null] })],
    ["no time", (good) => ({ ...good, now: new Date(Number.NaN) })],
  ])("(%s) is refused with VERIFIER_INPUT", async (_, change) => {
    const input = change(await inputOf()) as SnpVerification;
    expect(await codeOf(createSnpVerifier().verify(input))).toBe("VERIFIER_INPUT");
  });
});
