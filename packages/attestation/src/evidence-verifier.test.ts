import { concatBytes, toHex } from "@carrara/encoding";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type AmdEndorsementsText,
  amdEndorsementsOfText,
  createEndorsementRequests,
  type Endorsements,
  endorsementRequestOf,
  endorsementsToText,
  isRootOf,
} from "./endorsements.ts";
import { AttestationError } from "./error.ts";
import { type Evidence, encodeEvidence, recogniseEvidence } from "./evidence.ts";
import { createEvidenceVerifier, HARDWARE_ANCHORS } from "./evidence-verifier.ts";
import { guestExposure } from "./guest-exposure.ts";
import { decodeOeQuote } from "./oe-quote.ts";
import { CERT_TABLE_GUID, encodeCertTable } from "./snp/cert-table.ts";
import {
  createTestSnpKeys,
  createTestSnpPlatform,
  type TestSnpPlatform,
} from "./snp/testing/test-snp-platform.ts";
import { softwareIdentityOf, tdUniqueId } from "./software-identity.ts";
import { createTestPlatform, type TestPlatform } from "./testing/test-platform.ts";
import { createTestTdxPlatform, tdQuote } from "./testing/test-td.ts";
import { codeOf, REPORT_DATA } from "./testing/verify-code.ts";

let sgx: TestPlatform;
let tdx: TestPlatform;
let snp: TestSnpPlatform;

beforeAll(async () => {
  [sgx, tdx, snp] = await Promise.all([
    createTestPlatform(),
    createTestTdxPlatform(),
    createTestSnpPlatform(await createTestSnpKeys()),
  ]);
});

/** A report with the certificates that a host hands to its guest. */
async function reportWithCertificates(): Promise<Uint8Array> {
  const table = encodeCertTable([
    { guid: CERT_TABLE_GUID.vcek, data: snp.vek },
    { guid: CERT_TABLE_GUID.ask, data: snp.intermediate },
    { guid: CERT_TABLE_GUID.ark, data: snp.ark },
  ]);
  return concatBytes(await snp.report(), table);
}

const amd: Endorsements = { vendor: "amd" };
const intel = ({ collateral }: TestPlatform): Endorsements => ({ vendor: "intel", collateral });

describe("evidence says itself what it is:", () => {
  test("an SGX quote, raw and in Open Enclave form", async () => {
    const quote = await sgx.quote(REPORT_DATA);
    expect(recogniseEvidence(quote)).toEqual({ tee: "sgx", quote });
    expect(recogniseEvidence(encodeEvidence(quote))).toEqual({ tee: "sgx", quote });
    expect(decodeOeQuote(encodeEvidence(quote))).toEqual(quote);
  });

  test("a TDX quote, which has no other form", async () => {
    const quote = await tdx.quote(REPORT_DATA, tdQuote({ version: 4 }, REPORT_DATA));
    expect(recogniseEvidence(quote)).toEqual({ tee: "tdx", quote });
    expect(encodeEvidence(quote)).toBe(quote);
  });

  test("an SNP report, with or without certificates behind it", async () => {
    const report = await snp.report();
    expect(recogniseEvidence(report)).toEqual({ tee: "snp", report, certTable: new Uint8Array() });
    const whole = await reportWithCertificates();
    expect(recogniseEvidence(whole)).toMatchObject({ tee: "snp", certTable: whole.slice(1184) });
    expect(encodeEvidence(whole)).toBe(whole);
  });

  test("and any other bytes are recognised as something or refused with a code", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          expect(["sgx", "tdx", "snp"]).toContain(recogniseEvidence(bytes).tee);
        } catch (error) {
          expect(error).toBeInstanceOf(AttestationError);
        }
      }),
    );
  });
});

describe("evidence says itself what it needs:", () => {
  test("a quote names family, CA and root", async () => {
    const evidence = recogniseEvidence(await sgx.quote(REPORT_DATA));
    const request = endorsementRequestOf(evidence);
    expect(request).toMatchObject({ vendor: "intel", tee: "sgx", fmspc: "53494d000000" });
    expect(isRootOf(request, sgx.anchor)).toBe(true);
    expect(isRootOf(request, tdx.anchor)).toBe(false);
  });

  test("is read once for each chain and kind, as long as it can be read", async () => {
    const requestOf = createEndorsementRequests();
    const quote = async (): Promise<Evidence> => recogniseEvidence(await sgx.quote(REPORT_DATA));
    const first = await requestOf(await quote());
    expect(first).toEqual(endorsementRequestOf(await quote()));
    expect(await requestOf(await quote())).toBe(first);
    const td = await tdx.quote(REPORT_DATA, tdQuote({ version: 4 }, REPORT_DATA));
    const other = await requestOf(recogniseEvidence(td));
    expect(other).toMatchObject({ tee: "tdx" });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(requestOf({ tee: "sgx", quote: new Uint8Array(9) })).rejects.toMatchObject({
        code: "QUOTE_TRUNCATED",
      });
    }
    const report = recogniseEvidence(await reportWithCertificates());
    expect(await requestOf(report)).toEqual(endorsementRequestOf(report));
  });

  test("a report names product, chip and firmware, and brings what it has", async () => {
    const bare = endorsementRequestOf(recogniseEvidence(await snp.report()));
    expect(bare).toMatchObject({
      vendor: "amd",
      key: "vcek",
      product: "Milan",
      tcb: snp.tcb,
      carried: {},
      rootCertificate: undefined,
    });
    expect(isRootOf(bare, snp.anchor)).toBe(false);
    const full = endorsementRequestOf(recogniseEvidence(await reportWithCertificates()));
    expect(full).toMatchObject({ carried: { vek: snp.vek, chain: snp.chain } });
    expect(isRootOf(full, snp.anchor)).toBe(true);
  });

  test("a report of version 2 is of the product that its key is of, and of none without", async () => {
    const report = await snp.report({ version: 2 });
    const table = encodeCertTable([{ guid: CERT_TABLE_GUID.vcek, data: snp.vek }]);
    const named = endorsementRequestOf(recogniseEvidence(concatBytes(report, table)));
    expect(named).toMatchObject({ product: "Milan" });
    expect(() => endorsementRequestOf(recogniseEvidence(report))).toThrow(
      expect.objectContaining({ code: "SNP_PRODUCT_UNKNOWN" }),
    );
  });
});

describe("endorsements as text", () => {
  test("come back as they were", () => {
    const part = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined });
    fc.assert(
      fc.property(part, part, fc.option(fc.string(), { nil: undefined }), (vek, crl, chain) => {
        const endorsements: Endorsements = {
          vendor: "amd",
          ...(vek === undefined ? {} : { vek }),
          ...(chain === undefined ? {} : { chain }),
          ...(crl === undefined ? {} : { crl }),
        };
        const text = endorsementsToText(endorsements) as AmdEndorsementsText;
        expect(amdEndorsementsOfText(text)).toEqual(endorsements);
      }),
    );
    expect(endorsementsToText(intel(sgx))).toBe(sgx.collateral);
  });

  test("are refused when they are no hex", () => {
    expect(() => amdEndorsementsOfText({ crl: "0g" })).toThrow(
      expect.objectContaining({ code: "VEK_FORMAT" }),
    );
  });
});

describe("one verifier for all evidence", () => {
  const verifier = createEvidenceVerifier();

  test("verifies each kind under the anchor that it ends in", async () => {
    const anchors = [sgx.anchor, tdx.anchor, snp.anchor];
    const { now } = sgx;
    const quote = encodeEvidence(await sgx.quote(REPORT_DATA));
    const td = await tdx.quote(REPORT_DATA, tdQuote({ version: 4 }, REPORT_DATA));
    const report = await reportWithCertificates();
    for (const [tee, evidence, endorsements] of [
      ["sgx", quote, intel(sgx)],
      ["tdx", td, intel(tdx)],
      ["snp", report, amd],
    ] as const) {
      const verified = await verifier.verify({ evidence, endorsements, anchors, now });
      expect(verified).toMatchObject({ tee, assurance: "simulation" });
    }
  });

  test("trusts the vendors alone unless told otherwise", async () => {
    const { now } = sgx;
    const evidence = await sgx.quote(REPORT_DATA);
    const report = await reportWithCertificates();
    expect(await codeOf(verifier.verify({ evidence, endorsements: intel(sgx), now }))).toBe(
      "CERT_UNTRUSTED_ROOT",
    );
    expect(await codeOf(verifier.verify({ evidence: report, endorsements: amd, now }))).toBe(
      "VEK_CHAIN_INVALID",
    );
    expect(HARDWARE_ANCHORS.every(({ kind }) => kind === "hardware")).toBe(true);
    expect(HARDWARE_ANCHORS).toHaveLength(4);
  });

  test("refuses endorsements of the other vendor, and a list without a root for quotes", async () => {
    const { now } = sgx;
    const evidence = await sgx.quote(REPORT_DATA);
    expect(await codeOf(verifier.verify({ evidence, endorsements: amd, now }))).toBe(
      "COLLATERAL_UNAVAILABLE",
    );
    const report = await snp.report();
    const endorsements = intel(sgx);
    expect(await codeOf(verifier.verify({ evidence: report, endorsements, now }))).toBe(
      "COLLATERAL_UNAVAILABLE",
    );
    const anchors = [snp.anchor];
    expect(await codeOf(verifier.verify({ evidence, endorsements, anchors, now }))).toBe(
      "CERT_UNTRUSTED_ROOT",
    );
  });
});

describe("the software behind evidence", () => {
  const identityOf = async (evidence: Uint8Array, endorsements: Endorsements) => {
    const anchors = [sgx.anchor, tdx.anchor, snp.anchor];
    const verifier = createEvidenceVerifier();
    return await softwareIdentityOf(
      await verifier.verify({ evidence, endorsements, anchors, now: sgx.now }),
    );
  };

  test("is an enclave's measurement and signer", async () => {
    const identity = await identityOf(await sgx.quote(REPORT_DATA), intel(sgx));
    expect(identity).toMatchObject({
      uniqueId: "aa".repeat(32),
      signer: { signerId: "bb".repeat(32), productId: 7, securityVersion: 3 },
      debug: false,
    });
    expect(identity.reportData.subarray(0, REPORT_DATA.length)).toEqual(REPORT_DATA);
  });

  test("is a TD's registers, whatever its host says of an owner", async () => {
    const registers = { mrTd: new Uint8Array(48).fill(1), rtMr0: new Uint8Array(48).fill(2) };
    const other = { mrOwner: new Uint8Array(48).fill(9), rtMr3: new Uint8Array(48).fill(8) };
    const options = tdQuote({ version: 4 }, REPORT_DATA, { ...registers, ...other });
    const identity = await identityOf(await tdx.quote(REPORT_DATA, options), intel(tdx));
    const [rtMr1, rtMr2] = [new Uint8Array(48), new Uint8Array(48)];
    expect(identity.uniqueId).toBe(await tdUniqueId({ ...registers, rtMr1, rtMr2 }));
    expect(identity.signer).toBeUndefined();
    const changed = { ...registers, rtMr1, rtMr2: new Uint8Array(48).fill(1) };
    expect(await tdUniqueId(changed)).not.toBe(identity.uniqueId);
  });

  test("is a guest's measurement and, when an ID block was signed, who signed it", async () => {
    const certificates = async (fields: object) => {
      const table = encodeCertTable([{ guid: CERT_TABLE_GUID.vcek, data: snp.vek }]);
      const evidence = concatBytes(await snp.report(fields), table);
      return await identityOf(evidence, { vendor: "amd", chain: snp.chain });
    };
    const measurement = new Uint8Array(48).fill(3);
    const idKeyDigest = new Uint8Array(48).fill(4);
    const familyId = new Uint8Array([7, 1, ...new Array<number>(14).fill(0)]);
    expect(await certificates({ measurement, idKeyDigest, familyId, guestSvn: 5 })).toMatchObject({
      uniqueId: toHex(measurement),
      signer: { signerId: toHex(idKeyDigest), productId: 263, securityVersion: 5 },
    });
    const unsigned = await certificates({ measurement, idKeyDigest: new Uint8Array(48), familyId });
    expect(unsigned.signer).toBeUndefined();
    const text = await certificates({ idKeyDigest, familyId: new Uint8Array(16).fill(0x61) });
    expect(text.signer).toBeUndefined();
  });
});

describe("a guest is exposed to its host", () => {
  test("by what its launch allows, and an enclave never is", async () => {
    const verifier = createEvidenceVerifier();
    const anchors = [sgx.anchor, tdx.anchor];
    const options = tdQuote({ version: 4 }, REPORT_DATA, {
      tdAttributes: new Uint8Array([1, 0, 0, 0x20, 0, 0, 0, 0]),
    });
    const td = await verifier.verify({
      evidence: await tdx.quote(REPORT_DATA, options),
      endorsements: intel(tdx),
      anchors,
      now: tdx.now,
    });
    // Debug, simulation and TCB status are for others to judge.
    expect(guestExposure(td).map(({ code }) => code)).toEqual([
      "POLICY_SEPT_VE_DISABLE",
      "POLICY_TD_MIGRATABLE",
    ]);
    const enclave = await verifier.verify({
      evidence: await sgx.quote(REPORT_DATA),
      endorsements: intel(sgx),
      anchors,
      now: sgx.now,
    });
    expect(guestExposure(enclave)).toEqual([]);
  });
});
