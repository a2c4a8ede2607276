import { encodeSnpTcb } from "@carrara/attestation";
import { commonName, OID } from "@carrara/pki";
import type { PlatformScenario } from "../platform/scenario.ts";
import { dated, inDays } from "./clock.ts";
import { type EvidenceScenario, refusedWith, verifiedAs } from "./evidence-scenario.ts";
import { SNP_PRODUCTS } from "./scenario-world.ts";
import { snpScenario } from "./snp-scenario.ts";

/** Bytes behind the signature, which nothing but their being zero protects. */
const UNSIGNED_OFFSET = 0x330;
const MEASUREMENT_OFFSET = 0x90;

const GOOD: readonly (readonly [string, Partial<PlatformScenario>])[] = [
  ...SNP_PRODUCTS.flatMap((product): (readonly [string, Partial<PlatformScenario>])[] => [
    [`${product} with a vcek`, { product }],
    [`${product} with a vlek`, { product, snpKey: "VLEK" }],
  ]),
  ["report of version 2", { snpReportVersion: 2 }],
  ["report of version 5", { snpReportVersion: 5 }],
  ["older firmware", { snpTcb: { microcode: 115 } }],
  ["provisional firmware", { snpProvisional: true }],
];

const GOOD_ROWS = GOOD.map(([name, changes]) =>
  snpScenario(name, verifiedAs(undefined), { platform: () => changes }),
);

const CARRIED = snpScenario("nothing but what came with the report", verifiedAs(undefined), {
  endorsements: () => ({ vendor: "amd" }),
});

const REPORTS: readonly EvidenceScenario[] = [
  snpScenario("report cut by a byte", refusedWith("REPORT_TRUNCATED"), {
    bytes: (report) => report.slice(0, -1),
    table: "none",
  }),
  snpScenario("byte after a report that must be exact", refusedWith("REPORT_LENGTH"), {
    bytes: (report) => new Uint8Array([...report, 0]),
    exact: true,
  }),
  // Not 1: with that, the bytes would be Open Enclave's header of a quote.
  snpScenario("report of version 0", refusedWith("REPORT_UNSUPPORTED_VERSION"), {
    bytes: (report) => report.with(0, 0),
  }),
  snpScenario("unknown signature algorithm", refusedWith("REPORT_SIG_ALGO"), {
    fields: (good) => ({ ...good, signatureAlgo: 2 }),
  }),
  snpScenario("content in unsigned bytes", refusedWith("REPORT_RESERVED_NONZERO"), {
    bytes: (report) => report.with(UNSIGNED_OFFSET, 1),
  }),
  snpScenario("policy of unknown bits", refusedWith("REPORT_RESERVED_NONZERO"), {
    fields: (good) => ({ ...good, policy: (good.policy ?? 0n) | (1n << 40n) }),
  }),
  snpScenario("report that was not signed", refusedWith("REPORT_UNSIGNED"), {
    fields: (good) => ({
      ...good,
      signerInfo: { authorKeyEn: false, maskChipKey: false, signingKey: "none" },
    }),
  }),
  snpScenario("measurement changed after signing", refusedWith("REPORT_SIGNATURE_INVALID"), {
    bytes: (report) => report.with(MEASUREMENT_OFFSET, (report[MEASUREMENT_OFFSET] ?? 0) ^ 1),
  }),
];

const BINDINGS: readonly EvidenceScenario[] = [
  snpScenario("processor that nobody knows", refusedWith("SNP_PRODUCT_UNKNOWN"), {
    fields: (good) => ({ ...good, cpuid: { family: 0x1b, model: 0, stepping: 0 } }),
  }),
  snpScenario("key of a milan on a genoa", refusedWith("SNP_PRODUCT_MISMATCH"), {
    fields: (good) => ({ ...good, cpuid: { family: 0x19, model: 0x11, stepping: 0 } }),
  }),
  snpScenario("key for older firmware", refusedWith("VEK_TCB_MISMATCH"), {
    fields: (good) => ({
      ...good,
      reportedTcb: encodeSnpTcb({ bootloader: 4, tee: 0, snp: 23, microcode: 219 }, "Milan"),
    }),
  }),
  snpScenario("key of another chip", refusedWith("VEK_HWID_MISMATCH"), {
    fields: (good) => ({ ...good, chipId: new Uint8Array(64).fill(1) }),
  }),
  snpScenario("chip id that should be masked", refusedWith("VEK_HWID_MISMATCH"), {
    fields: (good) => ({
      ...good,
      signerInfo: { authorKeyEn: false, maskChipKey: true, signingKey: "VCEK" },
    }),
  }),
];

const KEYS: readonly EvidenceScenario[] = [
  snpScenario("no key anywhere", refusedWith("VEK_MISSING"), {
    table: "none",
    endorsements: ({ chain, crl }) => ({ vendor: "amd", chain, crl }),
  }),
  snpScenario("vlek for a report of a vcek", refusedWith("VEK_FORMAT"), {
    certificate: (role, good) =>
      role === "SEV-VCEK"
        ? { ...good, template: { ...good.template, subject: commonName("SEV-VLEK") } }
        : good,
  }),
  snpScenario("key that is no certificate", refusedWith("VEK_FORMAT"), {
    endorsements: (good) => ({ vendor: "amd", ...good, vek: new Uint8Array([0x30, 0]) }),
  }),
  snpScenario("key without hardware id", refusedWith("VEK_FORMAT"), {
    certificate: (role, good) =>
      role === "SEV-VCEK"
        ? {
            ...good,
            template: {
              ...good.template,
              extensions: good.template.extensions.filter(
                ({ oid }) => oid !== "1.3.6.1.4.1.3704.1.4",
              ),
            },
          }
        : good,
  }),
  snpScenario("key that no ask signed", refusedWith("VEK_CHAIN_INVALID"), { forged: "vek" }),
  snpScenario("root that nobody trusts", refusedWith("VEK_CHAIN_INVALID"), { forged: "ark" }),
  snpScenario("root of another product", refusedWith("VEK_CHAIN_INVALID"), { trusted: "Genoa" }),
  snpScenario("ask that is no ca", refusedWith("VEK_CHAIN_INVALID"), {
    certificate: (role, good) =>
      role === "SEV-Milan"
        ? {
            ...good,
            template: {
              ...good.template,
              extensions: good.template.extensions.filter(
                ({ oid }) => oid !== OID.basicConstraints,
              ),
            },
          }
        : good,
  }),
];

const TIMES: readonly EvidenceScenario[] = [
  ...["ARK-Milan", "SEV-Milan", "SEV-VCEK"].flatMap((role) => [
    snpScenario(`${role} expired`, refusedWith("CERT_EXPIRED"), {
      certificate: (at, good) => {
        const { notBefore } = good.template;
        const notAfter = new Date(notBefore.getTime() + 1000);
        return at === role ? { ...good, template: { ...good.template, notAfter } } : good;
      },
    }),
    snpScenario(`${role} not yet valid`, refusedWith("CERT_NOT_YET_VALID"), {
      certificate: (at, good) => {
        const notBefore = inDays(good.template.notBefore, 1);
        return at === role ? { ...good, template: { ...good.template, notBefore } } : good;
      },
    }),
  ]),
  snpScenario("a month later", refusedWith("CERT_EXPIRED"), { now: (now) => inDays(now, 31) }),
];

const REVOCATIONS: readonly EvidenceScenario[] = [
  snpScenario("ask revoked", refusedWith("CERT_REVOKED"), {
    platform: () => ({ revoked: ["ask"] }),
  }),
  snpScenario("asvk revoked", refusedWith("CERT_REVOKED"), {
    platform: () => ({ snpKey: "VLEK", revoked: ["asvk"] }),
  }),
  snpScenario("asvk revoked, which a vcek does not need", verifiedAs(undefined), {
    platform: () => ({ revoked: ["asvk"] }),
  }),
  snpScenario("crl expired", refusedWith("CRL_EXPIRED"), {
    platform: dated("amdCrl", -8),
  }),
  snpScenario("crl from tomorrow", refusedWith("CRL_NOT_YET_VALID"), {
    platform: dated("amdCrl", 1),
  }),
  snpScenario("crl that the ark did not sign", refusedWith("CRL_SIGNATURE_INVALID"), {
    forged: "crl",
  }),
  snpScenario("crl of another issuer", refusedWith("CRL_ISSUER_MISMATCH"), {
    crl: (good) => ({ ...good, issuer: commonName("ARK-Genoa") }),
  }),
  snpScenario("crl without number", refusedWith("CRL_MALFORMED"), {
    crl: (good) => ({
      ...good,
      extensions: good.extensions.filter(({ oid }) => oid !== OID.crlNumber),
    }),
  }),
  snpScenario("empty crl", refusedWith("CRL_MISSING"), {
    endorsements: (good) => ({ vendor: "amd", ...good, crl: new Uint8Array() }),
  }),
  snpScenario("endorsements of another vendor", refusedWith("COLLATERAL_UNAVAILABLE"), {
    endorsements: () => ({ vendor: "intel", collateral: NO_COLLATERAL }),
  }),
];

const NO_COLLATERAL = {
  tcbInfo: "",
  tcbInfoIssuerChain: "",
  qeIdentity: "",
  qeIdentityIssuerChain: "",
  pckCrl: "",
  pckCrlIssuerChain: "",
  rootCaCrl: "",
};

/** What reports of SEV-SNP come as, and all that can be wrong with them and their endorsements. */
export const SNP_SCENARIOS: readonly EvidenceScenario[] = [
  ...GOOD_ROWS,
  CARRIED,
  ...REPORTS,
  ...BINDINGS,
  ...KEYS,
  ...TIMES,
  ...REVOCATIONS,
];
