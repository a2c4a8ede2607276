import { der, encodePem } from "@carrara/encoding";
import {
  type CertificateTemplate,
  commonName,
  commonNameOf,
  extension,
  generateEcKey,
  type Signer,
} from "@carrara/pki";
import { beforeAll, describe, expect, test } from "vitest";
import { codeOf } from "../testing/verify-code.ts";
import { AMD_ROOTS, INTEL_SGX_ROOT } from "../trust-anchor.ts";
import type { SnpReportFields } from "./report-encoder.ts";
import { encodeSnpTcb } from "./tcb.ts";
import {
  createTestSnpKeys,
  createTestSnpPlatform,
  type TestSnpKeys,
  type TestSnpOptions,
  type TestSnpPlatform,
  type TestSnpRole,
} from "./testing/test-snp-platform.ts";
import { createSnpVerifier, type SnpVerification } from "./verifier.ts";

let keys: TestSnpKeys;
let good: TestSnpPlatform;

beforeAll(async () => {
  keys = await createTestSnpKeys();
  good = await createTestSnpPlatform(keys);
});

async function verdict(
  platform: TestSnpPlatform,
  fields: Partial<SnpReportFields> = {},
  change: Partial<SnpVerification> = {},
): Promise<string> {
  const { vek, chain, anchor, now } = platform;
  const report = await platform.report(fields);
  const input = { report, vek, chain, anchors: [anchor], now, ...change };
  return await codeOf(createSnpVerifier().verify(input));
}

/** Options that change the certificate of one role. */
function bending(
  role: TestSnpRole,
  change: (good: CertificateTemplate) => Partial<CertificateTemplate>,
): TestSnpOptions {
  return {
    certificate: (which, template) =>
      which === role ? { ...template, ...change(template) } : template,
  };
}

function withoutExtension(oid: string, ...added: CertificateTemplate["extensions"]) {
  return ({ extensions }: CertificateTemplate): Partial<CertificateTemplate> => ({
    extensions: [...extensions.filter((one) => one.oid !== oid), ...added],
  });
}

const BASIC = extension.basicConstraints(true).oid;
const USAGE = extension.keyUsage("keyCertSign").oid;

describe("a chain", () => {
  test.each<[string, () => TestSnpOptions]>([
    [
      "whose intermediate is no CA",
      () => bending("intermediate", withoutExtension(BASIC, extension.basicConstraints(false))),
    ],
    [
      "whose intermediate does not say that it is a CA",
      () => bending("intermediate", withoutExtension(BASIC)),
    ],
    [
      "whose intermediate may not sign certificates",
      () => bending("intermediate", withoutExtension(USAGE, extension.keyUsage("cRLSign"))),
    ],
    ["whose root is no CA", () => bending("ark", withoutExtension(BASIC))],
    [
      "whose root allows nothing below it",
      () => bending("ark", withoutExtension(BASIC, extension.basicConstraints(true, 0))),
    ],
    [
      "with an unknown critical extension",
      () =>
        bending("intermediate", ({ extensions }) => ({
          extensions: [...extensions, { oid: "1.2.3", critical: true, value: der.null() }],
        })),
    ],
    ["whose intermediate is of another product", () => renamed({ "SEV-Milan": "SEV-Genoa" })],
    ["whose intermediate is for providers", () => renamed({ "SEV-Milan": "SEV-VLEK-Milan" })],
    ["whose names do not meet", () => bending("vek", () => ({ issuer: commonName("SEV-Milan") }))],
    ["whose root has another name", () => renamed({ "ARK-Milan": "Milan" })],
    ["whose root is of another product", () => renamed({ "ARK-Milan": "ARK-Genoa" })],
    ["whose root did not sign itself", () => signedByStranger("ark")],
    ["whose intermediate a stranger signed", () => signedByStranger("intermediate")],
    ["whose key a stranger signed", () => signedByStranger("vek")],
    ["with PSS of another salt length", () => withAlgorithm(pss(32, 2))],
    ["with PSS of another hash", () => withAlgorithm(pss(48, 1))],
    ["with another trailer", () => withAlgorithm(pss(48, 2, der.context(3, der.integer(2))))],
    [
      "with RSA PKCS#1",
      () => withAlgorithm(der.sequence(der.oid("1.2.840.113549.1.1.12"), der.null())),
    ],
  ])("%s is refused with VEK_CHAIN_INVALID", async (_, options) => {
    expect(await verdict(await createTestSnpPlatform(keys, options()))).toBe("VEK_CHAIN_INVALID");
  });

  test("with the default trailer spelled out is accepted, as AMD's own older ones", async () => {
    const options = withAlgorithm(pss(48, 2, der.context(3, der.integer(1))));
    expect(await verdict(await createTestSnpPlatform(keys, options))).toBe("accepted");
  });

  test.each<[string, () => string]>([
    ["another text", () => "certificates"],
    ["one certificate too many", () => `${good.chain}${good.chain}`],
    ["the root alone", () => encodePem("CERTIFICATE", good.ark)],
    [
      "the root first",
      () => [good.ark, good.intermediate].map((one) => encodePem("CERTIFICATE", one)).join(""),
    ],
    ["text in between", () => good.chain.replace("-----\n-----", "-----\nx\n-----")],
    ["bytes that are no certificate", () => encodePem("CERTIFICATE", new Uint8Array([1, 2]))],
    ["too much of anything", () => " ".repeat(70_000)],
  ])("of %s is refused with VEK_CHAIN_INVALID", async (_, chain) => {
    expect(await verdict(good, {}, { chain: chain() })).toBe("VEK_CHAIN_INVALID");
  });

  test("of an anchor whose key is not its certificate's is refused", async () => {
    const anchors = [{ ...good.anchor, certificate: good.intermediate }];
    expect(await verdict(good, {}, { anchors })).toBe("VEK_CHAIN_INVALID");
    expect(await verdict(good, {}, { anchors: [INTEL_SGX_ROOT, ...AMD_ROOTS] })).toBe(
      "VEK_CHAIN_INVALID",
    );
  });

  test.each<TestSnpRole>(["ark", "intermediate", "vek"])(
    "holds as long as its %s",
    async (role) => {
      const { now } = good;
      const past = bending(role, () => ({ notAfter: new Date(now.getTime() - 1000) }));
      expect(await verdict(await createTestSnpPlatform(keys, past))).toBe("CERT_EXPIRED");
      const future = bending(role, () => ({ notBefore: new Date(now.getTime() + 1000) }));
      expect(await verdict(await createTestSnpPlatform(keys, future))).toBe("CERT_NOT_YET_VALID");
    },
  );
});

/** The same chain with common names written otherwise wherever they stand. */
function renamed(names: Readonly<Record<string, string>>): TestSnpOptions {
  const rename = (name: CertificateTemplate["subject"]): CertificateTemplate["subject"] => {
    const other = names[commonNameOf(name)];
    return other === undefined ? name : commonName(other);
  };
  return {
    certificate: (_, { issuer, subject, ...rest }) => ({
      ...rest,
      issuer: rename(issuer),
      subject: rename(subject),
    }),
  };
}

function signedByStranger(role: TestSnpRole): TestSnpOptions {
  return { signerOf: (which, signer) => (which === role ? keys.stranger.signer : signer) };
}

/** The key's certificate says that it was signed so. */
function withAlgorithm(algorithm: Uint8Array): TestSnpOptions {
  return {
    signerOf: (role, signer): Signer => (role === "vek" ? { ...signer, algorithm } : signer),
  };
}

/** RSASSA-PSS with a salt and SHA-256 (1) or SHA-384 (2). */
function pss(salt: number, hashArc: number, ...trailer: readonly Uint8Array[]): Uint8Array {
  const hash = der.sequence(der.oid(`2.16.840.1.101.3.4.2.${hashArc}`), der.null());
  const mask = der.sequence(der.oid("1.2.840.113549.1.1.8"), hash);
  const parameters = [
    der.context(0, hash),
    der.context(1, mask),
    der.context(2, der.integer(salt)),
  ];
  return der.sequence(der.oid("1.2.840.113549.1.1.10"), der.sequence(...parameters, ...trailer));
}

describe("a key", () => {
  test.each<[string, () => TestSnpOptions]>([
    ["with another name", () => bending("vek", () => ({ subject: commonName("SEV-KEY") }))],
    ["that is a provider's", () => bending("vek", () => ({ subject: commonName("SEV-VLEK") }))],
    ["on another curve", () => bending("vek", () => ({ spki: INTEL_SGX_ROOT.spki }))],
    [
      "that could issue certificates",
      () => bending("vek", withoutExtension("", extension.basicConstraints(false))),
    ],
    [
      "of an FMC that its product has not",
      () => ({ vek: (one) => ({ ...one, tcb: { ...one.tcb, fmc: 1 } }) }),
    ],
  ])("%s is refused with VEK_FORMAT", async (_, options) => {
    expect(await verdict(await createTestSnpPlatform(keys, options()))).toBe("VEK_FORMAT");
  });

  test.each<[string, Uint8Array]>([
    ["that is no certificate", new Uint8Array([1])],
    ["that is too long", new Uint8Array(20_000)],
  ])("%s is refused with VEK_FORMAT", async (_, vek) => {
    expect(await verdict(good, {}, { vek })).toBe("VEK_FORMAT");
  });

  test.each<[string, TestSnpOptions, string]>([
    [
      "of an unknown product",
      { vek: (one) => ({ ...one, productName: "Rome" }) },
      "SNP_PRODUCT_MISMATCH",
    ],
    [
      "of another product",
      { vek: (one) => ({ ...one, productName: "Genoa" }) },
      "SNP_PRODUCT_MISMATCH",
    ],
    [
      "of older firmware",
      { vek: (one) => ({ ...one, tcb: { ...one.tcb, snp: 23 } }) },
      "VEK_TCB_MISMATCH",
    ],
    [
      "of another chip",
      { vek: (one) => ({ ...one, hwId: new Uint8Array(64) }) },
      "VEK_HWID_MISMATCH",
    ],
  ])("%s is refused with its code", async (_, options, code) => {
    expect(await verdict(await createTestSnpPlatform(keys, options))).toBe(code);
  });
});

describe("a report", () => {
  const signer = { authorKeyEn: false, maskChipKey: false, signingKey: "VCEK" } as const;
  const cpuid = { family: 0x19, model: 0x11, stepping: 0 };

  test.each<[string, string, () => Partial<SnpReportFields>]>([
    [
      "that nobody signed",
      "REPORT_UNSIGNED",
      () => ({ signerInfo: { ...signer, signingKey: "none" } }),
    ],
    [
      "of a provider's key",
      "VEK_FORMAT",
      () => ({ signerInfo: { ...signer, signingKey: "VLEK" } }),
    ],
    ["of another processor", "SNP_PRODUCT_MISMATCH", () => ({ cpuid })],
    [
      "of an unknown processor",
      "SNP_PRODUCT_UNKNOWN",
      () => ({ cpuid: { ...cpuid, family: 0x17 } }),
    ],
    [
      "of other firmware",
      "VEK_TCB_MISMATCH",
      () => ({ reportedTcb: encodeSnpTcb({ ...good.tcb, tee: 2 }, "Milan") }),
    ],
    ["of another chip", "VEK_HWID_MISMATCH", () => ({ chipId: new Uint8Array(64).fill(1) })],
    [
      "of a hidden chip that does not say so",
      "VEK_HWID_MISMATCH",
      () => ({ chipId: new Uint8Array(64) }),
    ],
    [
      "that hides its chip and shows it",
      "VEK_HWID_MISMATCH",
      () => ({ signerInfo: { ...signer, maskChipKey: true } }),
    ],
    [
      "that hides its chip",
      "accepted",
      () => ({ signerInfo: { ...signer, maskChipKey: true }, chipId: new Uint8Array(64) }),
    ],
  ])("%s gives %s", async (_, code, fields) => {
    expect(await verdict(good, fields())).toBe(code);
  });

  test("of one product whose key another product's root vouches for is refused", async () => {
    const names = { "ARK-Milan": "ARK-Genoa", "SEV-Milan": "SEV-Genoa" };
    const platform = await createTestSnpPlatform(keys, renamed(names));
    expect(await verdict(platform)).toBe("SNP_PRODUCT_MISMATCH");
  });

  test("of Turin with more of a chip id than the key has is refused", async () => {
    const turin = await createTestSnpPlatform(keys, { product: "Turin" });
    const chipId = new Uint8Array(64);
    chipId.set(new TextEncoder().encode("SIMULATED"));
    expect(await verdict(turin, { chipId })).toBe("VEK_HWID_MISMATCH");
    expect(await verdict(turin, { chipId: chipId.fill(0, 8) })).toBe("accepted");
  });

  test("of version 2 is of its key's product, which must be known", async () => {
    const rome = await createTestSnpPlatform(keys, {
      vek: (fields) => ({ ...fields, productName: "Rome" }),
    });
    expect(await verdict(rome, { version: 2 })).toBe("SNP_PRODUCT_UNKNOWN");
  });

  test("without a key is refused with VEK_MISSING", async () => {
    const { now } = good;
    const report = await good.report();
    expect(await codeOf(createSnpVerifier().verify({ report, now }))).toBe("VEK_MISSING");
  });

  test("signed by another key is refused with REPORT_SIGNATURE_INVALID", async () => {
    const other = await createTestSnpPlatform({ ...keys, vek: await generateEcKey("P-384") });
    expect(await verdict(good, {}, { report: await other.report() })).toBe(
      "REPORT_SIGNATURE_INVALID",
    );
    const zero = (await good.report()).fill(0, 0x2a0, 0x330);
    expect(await verdict(good, {}, { report: zero })).toBe("REPORT_SIGNATURE_INVALID");
  });
});
