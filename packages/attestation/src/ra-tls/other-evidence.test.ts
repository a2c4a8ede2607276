import { encodePem, utf8 } from "@carrara/encoding";
import type { Extension } from "@carrara/pki";
import { beforeAll, describe, expect, test } from "vitest";
import { encodeOeQuote } from "../oe-quote.ts";
import { encodeSnpReport } from "../snp/report-encoder.ts";
import { reportDataFor } from "./binding.ts";
import { RA_TLS_OID } from "./evidence.ts";
import { createRaTlsClaims, snpRaTlsExtension } from "./issue.ts";
import { createRaTlsWorld, inputOf, NONCE, type RaTlsWorld } from "./testing/ra-tls-world.ts";
import { type AttestedReport, verifyRaTls } from "./verifier.ts";

let world: RaTlsWorld;

beforeAll(async () => {
  world = await createRaTlsWorld();
});

function snpReport(reportData: Uint8Array): Uint8Array {
  return encodeSnpReport({ version: 2, reportData });
}

describe("legacy evidence", () => {
  const spkiPem = (): Uint8Array => utf8(`${encodePem("PUBLIC KEY", world.key.spki)}\0`);
  const wrap = (oid: string, value: Uint8Array): Extension => ({ oid, critical: false, value });
  const raw = (quote: Uint8Array): Uint8Array => quote;

  test.each([
    ["gramine", RA_TLS_OID.gramine, raw],
    ["gramine", RA_TLS_OID.gramineMisencoded, raw],
    ["intel-sdk", RA_TLS_OID.intelSdk, raw],
    ["open-enclave", RA_TLS_OID.openEnclave, encodeOeQuote],
    ["open-enclave", RA_TLS_OID.openEnclaveOld, encodeOeQuote],
  ] as const)("of %s under %s is accepted for its key only", async (kind, oid, form) => {
    const quote = await world.platform.quote(await reportDataFor(world.key.spki));
    const extensions = [wrap(oid, form(quote))];
    const good = await world.certificateWith(extensions);
    const { evidence } = await verifyRaTls(inputOf(good));
    expect(evidence).toEqual({ kind, oid, critical: false, spki: world.key.spki, evidence: quote });
    expect(await world.verdict(good, { nonce: NONCE })).toBe("POLICY_NONCE");
    const other = await world.certificateWith(extensions, {
      template: { spki: world.ca.spki },
      signer: world.ca,
    });
    expect(await world.verdict(other)).toBe("RATLS_PUBKEY_HASH");
  });

  test("of Open Enclave may have the hash of the key's PEM", async () => {
    const quote = await world.platform.quote(await reportDataFor(spkiPem()));
    const extensions = [wrap(RA_TLS_OID.openEnclave, encodeOeQuote(quote))];
    expect(await world.verdict(await world.certificateWith(extensions))).toBe("accepted");
    const gramine = [wrap(RA_TLS_OID.gramine, quote)];
    expect(await world.verdict(await world.certificateWith(gramine))).toBe("RATLS_PUBKEY_HASH");
  });

  test("twice is refused with RATLS_AMBIGUOUS", async () => {
    const quote = await world.platform.quote(await reportDataFor(world.key.spki));
    const extensions = [wrap(RA_TLS_OID.gramine, quote), wrap(RA_TLS_OID.intelSdk, quote)];
    expect(await world.verdict(await world.certificateWith(extensions))).toBe("RATLS_AMBIGUOUS");
  });

  test.each([
    [RA_TLS_OID.gramine, "QUOTE_TRUNCATED"],
    [RA_TLS_OID.openEnclave, "QUOTE_TRUNCATED"],
  ])("under %s that is cut off is refused with %s", async (oid, code) => {
    expect(
      await world.verdict(await world.certificateWith([wrap(oid, new Uint8Array([3, 0]))])),
    ).toBe(code);
  });
});

describe("SEV-SNP evidence", () => {
  const believeReport = async (report: Uint8Array): Promise<AttestedReport> =>
    await Promise.resolve({ reportData: report.slice(0x50, 0x90) });

  test("is accepted, and its certificates reach the verifier", async () => {
    const { claims, reportData } = await createRaTlsClaims({ spki: world.key.spki, nonce: NONCE });
    const vekChain = [utf8("vek"), utf8("ask")] as const;
    const evidence = snpRaTlsExtension({ report: snpReport(reportData), claims, vekChain });
    const certificate = await world.certificateWith([evidence]);
    const seen: (readonly Uint8Array[])[] = [];
    const verifyEvidence = async (
      report: Uint8Array,
      chain: readonly Uint8Array[],
    ): Promise<AttestedReport> => {
      seen.push(chain);
      return await believeReport(report);
    };
    expect(await world.verdict(certificate, { verifyEvidence, nonce: NONCE })).toBe("accepted");
    expect(seen).toEqual([vekChain]);
  });

  test.each([
    ["of another length", () => new Uint8Array(1183), "REPORT_TRUNCATED"],
    ["with something behind it", () => new Uint8Array(1185), "REPORT_LENGTH"],
    ["of version 0", () => new Uint8Array(1184), "REPORT_UNSUPPORTED_VERSION"],
    ["about other claims", () => snpReport(new Uint8Array(64)), "RATLS_CLAIMS_HASH"],
  ] as const)("%s is refused", async (_, report, code) => {
    const { claims } = await createRaTlsClaims({ spki: world.key.spki });
    const evidence = snpRaTlsExtension({ report: report(), claims });
    const certificate = await world.certificateWith([evidence]);
    expect(await world.verdict(certificate, { verifyEvidence: believeReport })).toBe(code);
  });
});
