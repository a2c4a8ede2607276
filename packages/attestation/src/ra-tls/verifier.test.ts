import { concatBytes, der, encodePem, fromHex, utf8 } from "@carrara/encoding";
import {
  type CertificateTemplate,
  commonName,
  type EcKey,
  type Extension,
  extension,
  generateEcKey,
  issueCertificate,
  parseCertificate,
} from "@carrara/pki";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Cbor, cbor, encodeCbor } from "../cbor.ts";
import { parseQuote } from "../dcap/quote.ts";
import { AttestationError } from "../error.ts";
import { encodeOeQuote } from "../oe-quote.ts";
import { encodeSnpReport } from "../snp/report-encoder.ts";
import { createTestPlatform, type TestPlatform } from "../testing/test-platform.ts";
import { codeOf } from "../testing/verify-code.ts";
import { digest, reportDataFor } from "./binding.ts";
import { RA_TLS_OID, SNP_EVIDENCE_TYPE } from "./evidence.ts";
import { decodeInteroperableForm } from "./interoperable-form.ts";
import { createRaTlsClaims, raTlsExtension, snpRaTlsExtension } from "./issue.ts";
import { readRaTlsEvidence } from "./read-evidence.ts";
import { type AttestedReport, type RaTlsVerification, verifyRaTls } from "./verifier.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const HOUR_MS = 60 * 60 * 1000;
const NONCE = utf8("a nonce of the caller");

let platform: TestPlatform;
let key: EcKey;
let ca: EcKey;

beforeAll(async () => {
  [platform, key, ca] = await Promise.all([
    createTestPlatform(),
    generateEcKey("P-256"),
    generateEcKey("P-384"),
  ]);
});

interface Bend {
  readonly signer?: EcKey;
  readonly template?: Partial<CertificateTemplate>;
}

async function certificateWith(extensions: readonly Extension[], bend: Bend = {}) {
  const template: CertificateTemplate = {
    serial: new Uint8Array([7]),
    issuer: commonName("issuer"),
    subject: commonName("attested"),
    notBefore: new Date(NOW.getTime() - HOUR_MS),
    notAfter: new Date(NOW.getTime() + HOUR_MS),
    spki: key.spki,
    extensions,
    ...bend.template,
  };
  return await issueCertificate(template, (bend.signer ?? key).signer);
}

async function quoteExtension(others?: ReadonlyMap<string, Cbor>): Promise<Extension> {
  const { claims, reportData } = await createRaTlsClaims({
    spki: key.spki,
    nonce: NONCE,
    ...(others && { others }),
  });
  return raTlsExtension({ quote: await platform.quote(reportData), claims });
}

/** Believes every quote, which is enough to see what happens around it. */
async function believeQuote(quote: Uint8Array): Promise<AttestedReport> {
  return await Promise.resolve(parseQuote(quote).body);
}

function inputOf(
  certificate: Uint8Array,
  more: Partial<RaTlsVerification<AttestedReport>> = {},
): RaTlsVerification<AttestedReport> {
  return { certificate, verifyEvidence: believeQuote, now: NOW, ...more };
}

async function verdict(
  certificate: Uint8Array,
  more: Partial<RaTlsVerification<AttestedReport>> = {},
): Promise<string> {
  return await codeOf(verifyRaTls(inputOf(certificate, more)));
}

/** Evidence with claims that `createRaTlsClaims` would not make. */
async function evidenceWithClaims(claims: Cbor): Promise<Extension> {
  const raw = encodeCbor(claims);
  return raTlsExtension({ quote: await platform.quote(await reportDataFor(raw)), claims: raw });
}

function pubkeyHash(algId: number, value: Uint8Array): readonly [Cbor, Cbor] {
  const pair = cbor.array(cbor.integer(algId), cbor.bytes(value));
  return [cbor.text("pubkey-hash"), cbor.bytes(encodeCbor(pair))];
}

function snpReport(reportData: Uint8Array): Uint8Array {
  return encodeSnpReport({ version: 2, reportData });
}

describe("interoperable evidence", () => {
  test("what is issued is accepted, with all its claims", async () => {
    const others = new Map([["answer", cbor.integer(42)]]);
    const certificate = await certificateWith([await quoteExtension(others)]);
    const { evidence, attestation } = await verifyRaTls(inputOf(certificate, { nonce: NONCE }));
    expect(evidence).toMatchObject({ kind: "interoperable", cborTag: 60000, critical: false });
    expect("claims" in evidence && evidence.claims.nonce).toEqual(NONCE);
    expect("claims" in evidence && evidence.claims.others).toEqual(others);
    expect(attestation.reportData).toHaveLength(64);
  });

  test.each([
    [1, "sha-256"],
    [7, "sha-384"],
    [8, "sha-512"],
  ] as const)("a key bound by hash %i (%s) is accepted", async (algId, algorithm) => {
    const claims = cbor.map(pubkeyHash(algId, await digest(algorithm, key.spki)));
    expect(await verdict(await certificateWith([await evidenceWithClaims(claims)]))).toBe(
      "accepted",
    );
  });

  test("a nonce that was not asked for does no harm", async () => {
    expect(await verdict(await certificateWith([await quoteExtension()]))).toBe("accepted");
  });

  test("another nonce than the caller's is refused with POLICY_NONCE", async () => {
    const certificate = await certificateWith([await quoteExtension()]);
    expect(await verdict(certificate, { nonce: utf8("another") })).toBe("POLICY_NONCE");
  });

  test("a report that only its own machine can check is read, but refused", async () => {
    const { claims } = await createRaTlsClaims({ spki: key.spki });
    const pair = cbor.array(cbor.bytes(new Uint8Array(432)), cbor.bytes(claims));
    const value = encodeCbor(cbor.tag(60_001, pair));
    const certificate = await certificateWith([
      { oid: RA_TLS_OID.evidence, critical: false, value },
    ]);
    expect(readRaTlsEvidence(certificate).evidence).toMatchObject({ cborTag: 60001 });
    expect(await verdict(certificate)).toBe("RATLS_CBOR_TAG");
  });

  test("legacy evidence beside it is left alone unless it is critical", async () => {
    const standard = await quoteExtension();
    const legacy = { oid: RA_TLS_OID.gramine, critical: false, value: new Uint8Array(1) };
    const ignorable = await certificateWith([legacy, standard]);
    expect(readRaTlsEvidence(ignorable).ignored).toEqual([legacy]);
    expect(await verdict(ignorable)).toBe("accepted");
    const critical = await certificateWith([{ ...legacy, critical: true }, standard]);
    expect(await verdict(critical)).toBe("RATLS_AMBIGUOUS");
  });
});

describe("interoperable evidence is refused:", () => {
  const bytes = (...octets: number[]): Cbor => cbor.bytes(new Uint8Array(octets));

  test.each<[string, () => Cbor | Uint8Array, string]>([
    ["bytes that are no cbor", () => new Uint8Array([0xff]), "RATLS_MALFORMED"],
    ["no bytes", () => new Uint8Array(0), "RATLS_MALFORMED"],
    [
      "bytes after the item",
      () => concatBytes(encodeCbor(cbor.array()), new Uint8Array(1)),
      "RATLS_MALFORMED",
    ],
    ["a text", () => cbor.text("quote"), "RATLS_MALFORMED"],
    ["tag 60002", () => cbor.tag(60_002, cbor.array(bytes(), bytes())), "RATLS_CBOR_TAG"],
    ["a tag without an array", () => cbor.tag(60_000, bytes()), "RATLS_MALFORMED"],
    ["evidence without claims", () => cbor.tag(60_000, cbor.array(bytes())), "RATLS_MALFORMED"],
    [
      "a third part",
      () => cbor.tag(60_000, cbor.array(bytes(), bytes(0xa0), bytes())),
      "RATLS_MALFORMED",
    ],
    [
      "claims that are no map",
      () => cbor.tag(60_000, cbor.array(bytes(), bytes(0x80))),
      "RATLS_MALFORMED",
    ],
    [
      "claims without a key hash",
      () => cbor.tag(60_000, cbor.array(bytes(), bytes(0xa0))),
      "RATLS_MALFORMED",
    ],
    [
      "a claim whose name is a number",
      () => cbor.tag(60_000, cbor.array(bytes(), bytes(0xa1, 0x01, 0x01))),
      "RATLS_MALFORMED",
    ],
    [
      "evidence of another type",
      () => cbor.array(cbor.text("application/vnd.other+cbor"), bytes()),
      "RATLS_CBOR_TAG",
    ],
    ["an array without a type", () => cbor.array(cbor.integer(1), bytes()), "RATLS_CBOR_TAG"],
    [
      "a part after SEV-SNP evidence",
      () => cbor.array(cbor.text(SNP_EVIDENCE_TYPE), bytes(0x80), cbor.integer(1)),
      "RATLS_MALFORMED",
    ],
  ])("%s", async (_, make, code) => {
    const made = make();
    const value = made instanceof Uint8Array ? made : encodeCbor(made);
    const certificate = await certificateWith([
      { oid: RA_TLS_OID.evidence, critical: false, value },
    ]);
    expect(await verdict(certificate)).toBe(code);
  });

  test.each<[string, () => Promise<Cbor>, string]>([
    [
      "a hash algorithm that is not known",
      async () => cbor.map(pubkeyHash(2, await digest("sha-256", key.spki))),
      "RATLS_HASH_ALG",
    ],
    [
      "the hash of another key",
      async () => cbor.map(pubkeyHash(1, await digest("sha-256", ca.spki))),
      "RATLS_PUBKEY_HASH",
    ],
    [
      "a cut hash",
      async () => cbor.map(pubkeyHash(1, (await digest("sha-256", key.spki)).subarray(0, 16))),
      "RATLS_PUBKEY_HASH",
    ],
    [
      "a nonce that is a text",
      async () =>
        cbor.map(pubkeyHash(1, await digest("sha-256", key.spki)), [
          cbor.text("nonce"),
          cbor.text("nonce"),
        ]),
      "RATLS_MALFORMED",
    ],
    [
      "a negative hash algorithm",
      async () => await Promise.resolve(cbor.map(pubkeyHash(-1, new Uint8Array(32)))),
      "RATLS_MALFORMED",
    ],
  ])("claims with %s", async (_, claims, code) => {
    const certificate = await certificateWith([await evidenceWithClaims(await claims())]);
    expect(await verdict(certificate)).toBe(code);
  });

  test("claims that are not those of the quote", async () => {
    const { claims } = await createRaTlsClaims({ spki: key.spki });
    const quote = await platform.quote(new Uint8Array(64));
    const certificate = await certificateWith([raTlsExtension({ quote, claims })]);
    expect(await verdict(certificate)).toBe("RATLS_CLAIMS_HASH");
  });

  test("a hash of the claims with something in the second half of REPORTDATA", async () => {
    const { claims, reportData } = await createRaTlsClaims({ spki: key.spki });
    reportData[63] = 1;
    const quote = await platform.quote(reportData);
    const certificate = await certificateWith([raTlsExtension({ quote, claims })]);
    expect(await verdict(certificate)).toBe("RATLS_CLAIMS_HASH");
  });

  test("evidence that the verifier finds to have other report data", async () => {
    const certificate = await certificateWith([await quoteExtension()]);
    const verifyEvidence = async (): Promise<AttestedReport> =>
      await Promise.resolve({ reportData: new Uint8Array(64) });
    expect(await verdict(certificate, { verifyEvidence })).toBe("RATLS_CLAIMS_HASH");
  });

  test("evidence that the verifier refuses, with the verifier's code", async () => {
    const certificate = await certificateWith([await quoteExtension()]);
    const verifyEvidence = async (): Promise<AttestedReport> =>
      await Promise.reject(new AttestationError("POLICY_DEBUG", "no"));
    expect(await verdict(certificate, { verifyEvidence })).toBe("POLICY_DEBUG");
  });

  test("two pieces of it, with RATLS_AMBIGUOUS", async () => {
    const standard = await quoteExtension();
    expect(await verdict(await certificateWith([standard, standard]))).toBe("RATLS_AMBIGUOUS");
  });

  test("a certificate without any, with RATLS_NO_EVIDENCE", async () => {
    const pck = { oid: RA_TLS_OID.intelSdk, critical: false, value: der.sequence() };
    expect(await verdict(await certificateWith([]))).toBe("RATLS_NO_EVIDENCE");
    expect(await verdict(await certificateWith([pck]))).toBe("RATLS_NO_EVIDENCE");
  });

  test("bytes that are no certificate, with CERT_MALFORMED", async () => {
    const twice = { oid: "1.2.3", critical: false, value: new Uint8Array(1) };
    expect(await verdict(new Uint8Array(3))).toBe("CERT_MALFORMED");
    expect(await verdict(await certificateWith([twice, twice]))).toBe("CERT_MALFORMED");
  });
});

test("any bytes in the extension give evidence or an AttestationError", () => {
  const start = fc.constantFrom("", "d9ea608240", "d9ea60824058", "8278").map(fromHex);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 200 }), (begun, rest) => {
      try {
        decodeInteroperableForm(concatBytes(begun, rest));
      } catch (error) {
        expect(error).toBeInstanceOf(AttestationError);
      }
    }),
  );
});

test("every damaged bit of a certificate is refused", async () => {
  const certificate = await certificateWith([await quoteExtension()]);
  const anyBit = fc.integer({ min: 0, max: certificate.length * 8 - 1 });
  await fc.assert(
    fc.asyncProperty(anyBit, async (bit) => {
      const damaged = certificate.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await verdict(damaged)).not.toBe("accepted");
    }),
    { numRuns: 60 },
  );
});

describe("legacy evidence", () => {
  const spkiPem = (): Uint8Array => utf8(`${encodePem("PUBLIC KEY", key.spki)}\0`);
  const wrap = (oid: string, value: Uint8Array): Extension => ({ oid, critical: false, value });
  const raw = (quote: Uint8Array): Uint8Array => quote;

  test.each([
    ["gramine", RA_TLS_OID.gramine, raw],
    ["gramine", RA_TLS_OID.gramineMisencoded, raw],
    ["intel-sdk", RA_TLS_OID.intelSdk, raw],
    ["open-enclave", RA_TLS_OID.openEnclave, encodeOeQuote],
    ["open-enclave", RA_TLS_OID.openEnclaveOld, encodeOeQuote],
  ] as const)("of %s under %s is accepted for its key only", async (kind, oid, form) => {
    const quote = await platform.quote(await reportDataFor(key.spki));
    const extensions = [wrap(oid, form(quote))];
    const good = await certificateWith(extensions);
    const { evidence } = await verifyRaTls(inputOf(good));
    expect(evidence).toEqual({ kind, oid, critical: false, spki: key.spki, evidence: quote });
    expect(await verdict(good, { nonce: NONCE })).toBe("POLICY_NONCE");
    const other = await certificateWith(extensions, { template: { spki: ca.spki }, signer: ca });
    expect(await verdict(other)).toBe("RATLS_PUBKEY_HASH");
  });

  test("of Open Enclave may have the hash of the key's PEM", async () => {
    const quote = await platform.quote(await reportDataFor(spkiPem()));
    const extensions = [wrap(RA_TLS_OID.openEnclave, encodeOeQuote(quote))];
    expect(await verdict(await certificateWith(extensions))).toBe("accepted");
    const gramine = [wrap(RA_TLS_OID.gramine, quote)];
    expect(await verdict(await certificateWith(gramine))).toBe("RATLS_PUBKEY_HASH");
  });

  test("twice is refused with RATLS_AMBIGUOUS", async () => {
    const quote = await platform.quote(await reportDataFor(key.spki));
    const extensions = [wrap(RA_TLS_OID.gramine, quote), wrap(RA_TLS_OID.intelSdk, quote)];
    expect(await verdict(await certificateWith(extensions))).toBe("RATLS_AMBIGUOUS");
  });

  test.each([
    [RA_TLS_OID.gramine, "QUOTE_TRUNCATED"],
    [RA_TLS_OID.openEnclave, "QUOTE_TRUNCATED"],
  ])("under %s that is cut off is refused with %s", async (oid, code) => {
    expect(await verdict(await certificateWith([wrap(oid, new Uint8Array([3, 0]))]))).toBe(code);
  });
});

describe("SEV-SNP evidence", () => {
  const believeReport = async (report: Uint8Array): Promise<AttestedReport> =>
    await Promise.resolve({ reportData: report.slice(0x50, 0x90) });

  test("is accepted, and its certificates reach the verifier", async () => {
    const { claims, reportData } = await createRaTlsClaims({ spki: key.spki, nonce: NONCE });
    const vekChain = [utf8("vek"), utf8("ask")] as const;
    const evidence = snpRaTlsExtension({ report: snpReport(reportData), claims, vekChain });
    const certificate = await certificateWith([evidence]);
    const seen: (readonly Uint8Array[])[] = [];
    const verifyEvidence = async (
      report: Uint8Array,
      chain: readonly Uint8Array[],
    ): Promise<AttestedReport> => {
      seen.push(chain);
      return await believeReport(report);
    };
    expect(await verdict(certificate, { verifyEvidence, nonce: NONCE })).toBe("accepted");
    expect(seen).toEqual([vekChain]);
  });

  test.each([
    ["of another length", () => new Uint8Array(1183), "REPORT_TRUNCATED"],
    ["with something behind it", () => new Uint8Array(1185), "REPORT_LENGTH"],
    ["of version 0", () => new Uint8Array(1184), "REPORT_UNSUPPORTED_VERSION"],
    ["about other claims", () => snpReport(new Uint8Array(64)), "RATLS_CLAIMS_HASH"],
  ] as const)("%s is refused", async (_, report, code) => {
    const { claims } = await createRaTlsClaims({ spki: key.spki });
    const evidence = snpRaTlsExtension({ report: report(), claims });
    const certificate = await certificateWith([evidence]);
    expect(await verdict(certificate, { verifyEvidence: believeReport })).toBe(code);
  });
});

describe("the certificate itself", () => {
  async function authority(bend: Bend = {}): Promise<Uint8Array> {
    return await certificateWith([], {
      signer: ca,
      ...bend,
      template: {
        subject: commonName("issuer"),
        spki: ca.spki,
        extensions: [extension.basicConstraints(true, 0), extension.keyUsage("keyCertSign")],
        ...bend.template,
      },
    });
  }

  test("must be signed by its own key without a CA", async () => {
    const certificate = await certificateWith([await quoteExtension()], { signer: ca });
    expect(await verdict(certificate)).toBe("RATLS_CERT_SIGNATURE");
  });

  test("must be issued by the CA when there is one", async () => {
    const issued = await certificateWith([await quoteExtension()], { signer: ca });
    const selfSigned = await certificateWith([await quoteExtension()]);
    expect(await verdict(issued, { ca: await authority() })).toBe("accepted");
    expect(await verdict(selfSigned, { ca: await authority() })).toBe("RATLS_CERT_SIGNATURE");
  });

  test("may be issued by an intermediate of the CA, which the path length must allow", async () => {
    const middle = await generateEcKey("P-256");
    const issued = await certificateWith([await quoteExtension()], {
      signer: middle,
      template: { issuer: commonName("middle") },
    });
    const template = { subject: commonName("middle"), spki: middle.spki };
    const intermediates = [await authority({ template })];
    const wide = [extension.basicConstraints(true, 1), extension.keyUsage("keyCertSign")];
    const root = await authority({ template: { extensions: wide } });
    expect(await verdict(issued, { ca: root, intermediates })).toBe("accepted");
    expect(await verdict(issued, { ca: root })).toBe("RATLS_CERT_SIGNATURE");
    expect(await verdict(issued, { ca: await authority(), intermediates })).toBe(
      "RATLS_CERT_SIGNATURE",
    );
    const many = new Array<Uint8Array>(5).fill(root);
    expect(await verdict(issued, { ca: root, intermediates: many })).toBe("RATLS_CERT_SIGNATURE");
  });

  test.each<[string, Partial<CertificateTemplate>, string]>([
    ["of another name", { subject: commonName("stranger") }, "RATLS_CERT_SIGNATURE"],
    ["without constraints", { extensions: [] }, "RATLS_CERT_SIGNATURE"],
    ["that is none", { extensions: [extension.basicConstraints(false)] }, "RATLS_CERT_SIGNATURE"],
    [
      "whose key may not sign certificates",
      { extensions: [extension.basicConstraints(true), extension.keyUsage("cRLSign")] },
      "RATLS_CERT_SIGNATURE",
    ],
    [
      "that cannot be read",
      { extensions: [{ ...extension.basicConstraints(true), value: new Uint8Array(1) }] },
      "RATLS_CERT_SIGNATURE",
    ],
    ["that has expired", { notAfter: new Date(NOW.getTime() - 1000) }, "RATLS_CERT_VALIDITY"],
    [
      "with a critical extension that is not understood",
      {
        extensions: [
          extension.basicConstraints(true),
          { oid: "1.2.3", critical: true, value: new Uint8Array(1) },
        ],
      },
      "CERT_CONSTRAINT",
    ],
  ])("is refused under a CA %s", async (_, template, code) => {
    const issued = await certificateWith([await quoteExtension()], { signer: ca });
    const more = { ca: await authority({ template }), certValidity: "ignore" as const };
    expect(await verdict(issued, more)).toBe(code);
  });

  test("is refused under a CA that is no certificate", async () => {
    const issued = await certificateWith([await quoteExtension()], { signer: ca });
    expect(await verdict(issued, { ca: new Uint8Array(2) })).toBe("RATLS_CERT_SIGNATURE");
  });

  test("is refused with a critical extension that is not understood", async () => {
    const strange = { oid: "1.2.3", critical: true, value: new Uint8Array(1) };
    const certificate = await certificateWith([await quoteExtension(), strange]);
    expect(await verdict(certificate)).toBe("CERT_CONSTRAINT");
  });

  test.each([
    ["before its time", { now: new Date(NOW.getTime() - 2 * HOUR_MS) }],
    ["after its time", { now: new Date(NOW.getTime() + 2 * HOUR_MS) }],
  ])("is refused %s unless its validity is to be ignored", async (_, more) => {
    const certificate = await certificateWith([await quoteExtension()]);
    expect(await verdict(certificate, more)).toBe("RATLS_CERT_VALIDITY");
    expect(await verdict(certificate, { ...more, certValidity: "ignore" })).toBe("accepted");
  });

  test("cannot be shared memory", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(8));
    expect(await verdict(shared)).toBe("VERIFIER_INPUT");
  });

  test("comes back parsed", async () => {
    const der = await certificateWith([await quoteExtension()]);
    const { certificate } = await verifyRaTls(inputOf(der));
    expect(certificate).toEqual(parseCertificate(der));
  });
});

test.each(["pubkey-hash", "nonce"])("nobody can issue a claim %s of their own", async (name) => {
  const others = new Map([[name, cbor.integer(1)]]);
  await expect(createRaTlsClaims({ spki: key.spki, others })).rejects.toThrow(TypeError);
});
