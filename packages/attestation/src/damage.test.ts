import { concatBytes, fromHex, utf8 } from "@carrara/encoding";
import {
  type Certificate,
  commonName,
  generateEcKey,
  issueCertificate,
  parseCertificate,
} from "@carrara/pki";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseHclReport } from "./azure/hcl-report.ts";
import { parseTpmQuote, parseTpmtSignature } from "./azure/tpm-quote.ts";
import { writeLe } from "./byte-reader.ts";
import { CborError, cbor, decodeCbor, encodeCbor } from "./cbor.ts";
import { JsonFields } from "./dcap/json-fields.ts";
import { encodePckExtension, readPckInfo } from "./dcap/pck-certificate.ts";
import { readQeIdentity } from "./dcap/qe-identity.ts";
import { parseQuote } from "./dcap/quote.ts";
import { parseStrictJson, StrictJsonError } from "./dcap/strict-json.ts";
import { readTcbInfo } from "./dcap/tcb-info.ts";
import { AttestationError } from "./error.ts";
import { recogniseEvidence } from "./evidence.ts";
import { parseEvidencePolicy } from "./evidence-policy.ts";
import { decodeOeQuote, encodeOeQuote } from "./oe-quote.ts";
import { decodeInteroperableForm } from "./ra-tls/interoperable-form.ts";
import { createRaTlsClaims, raTlsExtension, snpRaTlsExtension } from "./ra-tls/issue.ts";
import { readRaTlsEvidence } from "./ra-tls/read-evidence.ts";
import { parseSigstruct, SIGSTRUCT_BYTES } from "./sigstruct.ts";
import { CERT_TABLE_GUID, encodeCertTable, parseCertTable } from "./snp/cert-table.ts";
import { parseSnpReport } from "./snp/report.ts";
import { encodeSnpReport } from "./snp/report-encoder.ts";
import { encodeVekExtensions, readVekInfo } from "./snp/vek-extensions.ts";
import { qeIdentityText, tcbInfoText } from "./testing/test-endorsements.ts";
import { createTestPlatform } from "./testing/test-platform.ts";
import { createTestTdxPlatform, tdQuote } from "./testing/test-td.ts";
import { REPORT_DATA } from "./testing/verify-code.ts";

/** A reader, something that it reads, and the one class of its refusals. */
interface Codec {
  readonly name: string;
  readonly good: Uint8Array;
  readonly read: (bytes: Uint8Array) => unknown;
  readonly refusal?: typeof AttestationError | typeof CborError | typeof StrictJsonError;
  /** Shorter beginnings are none of the reader's business: what it looks at ends there. */
  readonly shortest?: number;
}

const NOW = new Date("2026-06-01T12:00:00Z");
const PCK = encodePckExtension({
  ppid: new Uint8Array(16),
  cpuSvn: new Uint8Array(16).fill(3),
  pceSvn: 13,
  pceId: new Uint8Array(2),
  fmspc: new Uint8Array(6),
  platformInstanceId: new Uint8Array(16),
});
const VEK = encodeVekExtensions({
  productName: "Milan",
  tcb: { bootloader: 4, tee: 1, snp: 24, microcode: 219 },
  hwId: new Uint8Array(64).fill(1),
});
const POLICY = {
  sgx: { measurement: { mrEnclave: "ab".repeat(32) }, reportData: "any", graceSeconds: 5 },
  snp: { measurement: "any", reportData: "any", vmpl: 0, guestPolicy: { forbidden: ["debug"] } },
};
const TPM_QUOTE = concatBytes(
  fromHex("ff5443478018000400000000"),
  fromHex("0003414243"),
  new Uint8Array(8),
  fromHex("000000010000000201"),
  new Uint8Array(8),
  fromHex("00000001000b03ffffff0020"),
  new Uint8Array(32),
);

function sigstruct(): Uint8Array {
  const bytes = new Uint8Array(SIGSTRUCT_BYTES);
  bytes.set(fromHex("06000000e10000000000010000000000"));
  bytes.set(fromHex("01010000600000006000000001000000"), 24);
  bytes.set(writeLe(3, 4), 512);
  return bytes;
}

function hclReport(): Uint8Array {
  const key = { kid: "HCLAkPub", kty: "RSA", e: "AQAB", n: `v${"A".repeat(341)}` };
  const variables = utf8(JSON.stringify({ keys: [key], "user-data": "0a0b" }));
  const words = (...values: number[]): Uint8Array =>
    concatBytes(...values.map((value) => writeLe(value, 4)));
  return concatBytes(
    utf8("HCLA"),
    words(1, 0, 2, 0, 0, 0, 0),
    encodeSnpReport({ version: 2 }),
    words(0, 1, 2, 1, variables.length),
    variables,
  );
}

async function raTlsCertificates(quote: Uint8Array): Promise<Uint8Array[]> {
  const { spki, signer } = await generateEcKey("P-256");
  const { claims } = await createRaTlsClaims({ spki });
  const report = encodeSnpReport({ version: 3 });
  const vekChain = [new Uint8Array(9), new Uint8Array(8)] as const;
  return await Promise.all(
    [raTlsExtension({ quote, claims }), snpRaTlsExtension({ report, claims, vekChain })].map(
      async (extension) =>
        await issueCertificate(
          {
            serial: new Uint8Array([1]),
            issuer: commonName("peer"),
            subject: commonName("peer"),
            notBefore: NOW,
            notAfter: NOW,
            spki,
            extensions: [extension],
          },
          signer,
        ),
    ),
  );
}

/** Reads one extension as that of a certificate with these others. */
function inCertificate(
  base: Certificate,
  oid: string,
  others: Certificate["extensions"],
  read: (certificate: Certificate) => unknown,
): Codec["read"] {
  return (value) =>
    read({
      ...base,
      extensions: [...others.filter((other) => other.oid !== oid), { oid, critical: false, value }],
    });
}

async function codecs(): Promise<Codec[]> {
  const [sgx, tdx] = await Promise.all([createTestPlatform(), createTestTdxPlatform()]);
  const quote = await sgx.quote(REPORT_DATA);
  const tdQuotes = await Promise.all(
    (
      [
        { version: 4 },
        { version: 5, report: "1.0" },
        { version: 5, report: "1.5" },
        { version: 5, report: "1.5-extended" },
      ] as const
    ).map(async (form) => await tdx.quote(REPORT_DATA, tdQuote(form, REPORT_DATA))),
  );
  const [withQuote = quote, withReport = quote] = await raTlsCertificates(quote);
  const base = parseCertificate(withQuote);
  const table = encodeCertTable([
    { guid: CERT_TABLE_GUID.ask, data: new Uint8Array(20).fill(1) },
    { guid: CERT_TABLE_GUID.vcek, data: new Uint8Array(30).fill(2) },
  ]);
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const fields = (bytes: Uint8Array): JsonFields => new JsonFields(parseStrictJson(text(bytes)));
  const strict = { refusal: StrictJsonError } as const;
  return [
    ...[quote, ...tdQuotes].map((good, i) => ({ name: `quote ${i}`, good, read: parseQuote })),
    { name: "quote in Open Enclave form", good: encodeOeQuote(quote), read: decodeOeQuote },
    // It tells evidence apart by its first bytes, and leaves the rest to the readers above.
    { name: "evidence", good: quote.subarray(0, 8), read: recogniseEvidence },
    { name: "report", good: encodeSnpReport({ version: 5 }), read: parseSnpReport },
    // No bytes are a table without entries.
    { name: "certificate table", good: table, read: parseCertTable, shortest: 1 },
    { name: "sigstruct", good: sigstruct(), read: parseSigstruct },
    { name: "RA-TLS certificate", good: withQuote, read: readRaTlsEvidence },
    { name: "RA-TLS certificate of SEV-SNP", good: withReport, read: readRaTlsEvidence },
    ...[withQuote, withReport].map((der, i) => ({
      name: `interoperable form ${i}`,
      good: parseCertificate(der).extensions[0]?.value ?? quote,
      read: decodeInteroperableForm,
    })),
    { name: "hcl report", good: hclReport(), read: parseHclReport },
    { name: "tpm quote", good: TPM_QUOTE, read: parseTpmQuote },
    { name: "TPMT_SIGNATURE", good: fromHex("0014000b0003aabbcc"), read: parseTpmtSignature },
    {
      name: "sgx extension",
      good: PCK.value,
      read: inCertificate(base, PCK.oid, [], readPckInfo),
    },
    ...VEK.map(({ oid, value }) => ({
      name: `amd extension ${oid}`,
      good: value,
      read: inCertificate(base, oid, VEK, (vek) => readVekInfo(vek, "VCEK")),
    })),
    {
      name: "cbor",
      good: encodeCbor(cbor.tag(9, cbor.map([cbor.text("a"), cbor.array(cbor.integer(300))]))),
      read: decodeCbor,
      refusal: CborError,
    },
    {
      name: "evidence policy",
      good: utf8(JSON.stringify(POLICY)),
      read: (bytes) => parseEvidencePolicy(text(bytes)),
    },
    {
      name: "tcb info",
      good: utf8(tcbInfoText(NOW)),
      read: (bytes) => readTcbInfo(fields(bytes), "sgx"),
      ...strict,
    },
    {
      name: "qe identity",
      good: utf8(qeIdentityText(NOW)),
      read: (bytes) => readQeIdentity(fields(bytes)),
      ...strict,
    },
  ];
}

/** `read`, `refused`, or what else came of it. */
function outcomeOf({ read, refusal = AttestationError }: Codec, bytes: Uint8Array): string {
  try {
    read(bytes);
    return "read";
  } catch (error) {
    const isRefusal = error instanceof AttestationError || error instanceof refusal;
    return isRefusal ? "refused" : String(error);
  }
}

const ALL = await codecs();

describe.each(ALL)("$name", (codec) => {
  const { good, shortest = 0 } = codec;

  test("is read, and refused at every truncation", () => {
    expect(outcomeOf(codec, good)).toBe("read");
    const outcomes = Array.from({ length: good.length - shortest }, (_, i) =>
      outcomeOf(codec, good.subarray(0, shortest + i)),
    );
    expect(new Set(outcomes)).toEqual(new Set(["refused"]));
  });

  test("is read or refused with our code whatever bytes it has, or whatever bytes are changed", () => {
    const expected = expect.stringMatching(/^(?:read|refused)$/);
    const edit = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        const bytes = good.slice();
        for (const [at, value] of edits) bytes[at] = value;
        expect(outcomeOf(codec, bytes)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(outcomeOf(codec, bytes)).toEqual(expected);
      }),
    );
  });

  test("is read from the middle of other bytes and from a Buffer, and from shared memory or refused", () => {
    const around = new Uint8Array(good.length + 9).fill(0xa5);
    around.set(good, 5);
    const shared = new Uint8Array(new SharedArrayBuffer(good.length));
    shared.set(good);
    const inside = around.subarray(5, 5 + good.length);
    for (const bytes of [inside, Buffer.from(good)]) expect(outcomeOf(codec, bytes)).toBe("read");
    expect(outcomeOf(codec, shared)).toMatch(/^(?:read|refused)$/);
  });
});
