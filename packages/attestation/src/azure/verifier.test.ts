import { concatBytes, fromHex, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { fromBase64Url, toBase64Url } from "../base64url.ts";
import { writeLe } from "../byte-reader.ts";
import { sha256 } from "../crypto.ts";
import { parseQuote } from "../dcap/quote.ts";
import { AttestationError } from "../error.ts";
import { encodeSnpReport } from "../snp/report-encoder.ts";
import { createTestPlatform, type TestPlatform } from "../testing/test-platform.ts";
import { tdQuote as tdQuoteOptions } from "../testing/test-td.ts";
import { codeOf } from "../testing/verify-code.ts";
import { parseHclReport } from "./hcl-report.ts";
import { appraisePcrs } from "./pcr-policy.ts";
import { parseTpmQuote, parseTpmtSignature } from "./tpm-quote.ts";
import { type AzureVtpmVerification, verifyAzureVtpm } from "./verifier.ts";

const NONCE = utf8("challenge");
const PCRS: readonly Uint8Array[] = Array.from({ length: 24 }, (_, index) =>
  new Uint8Array(32).fill(index),
);
const RSASSA = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

interface Attested {
  readonly reportData: Uint8Array;
}
type Input = AzureVtpmVerification<Attested>;
type KeyPair = Awaited<ReturnType<typeof generateKey>>;

let pair: KeyPair;
let platform: TestPlatform;
let modulus: Uint8Array;

async function generateKey() {
  const keys = await crypto.subtle.generateKey(RSASSA, true, ["sign", "verify"]);
  const { n = "" } = await crypto.subtle.exportKey("jwk", keys.publicKey);
  return { ...keys, n };
}

beforeAll(async () => {
  [pair, platform] = await Promise.all([generateKey(), createTestPlatform()]);
  modulus = fromBase64Url(pair.n);
});

function be(value: number, length: number): Uint8Array {
  return writeLe(value, length).reverse();
}

function sized(bytes: Uint8Array): Uint8Array {
  return concatBytes(be(bytes.length, 2), bytes);
}

interface QuoteParts {
  readonly magic?: string;
  readonly nonce?: Uint8Array;
  readonly selections?: string;
  readonly safe?: number;
  readonly digest?: Uint8Array;
  readonly end?: Uint8Array;
}

async function quoteBytes(parts: QuoteParts = {}): Promise<Uint8Array> {
  return concatBytes(
    fromHex(parts.magic ?? "ff5443478018"),
    sized(new Uint8Array(34)),
    sized(parts.nonce ?? NONCE),
    new Uint8Array(8),
    be(1, 4),
    be(2, 4),
    new Uint8Array([parts.safe ?? 1]),
    new Uint8Array(8),
    fromHex(parts.selections ?? "00000001000b03ffffff"),
    sized(parts.digest ?? (await sha256(concatBytes(...PCRS)))),
    parts.end ?? new Uint8Array(0),
  );
}

async function signed(
  message: Uint8Array,
  pcrs: readonly Uint8Array[] = PCRS,
): Promise<Input["tpmQuote"]> {
  const signature = await crypto.subtle.sign(RSASSA, pair.privateKey, message);
  return { message, signature: new Uint8Array(signature), pcrs };
}

function json(more: object = {}): Uint8Array {
  const keys = [
    { kid: "HCLAkPub", key_ops: ["sign"], kty: "RSA", e: "AQAB", n: pair.n },
    { kid: "HCLEkPub", kty: "RSA", e: "AQAB", n: pair.n },
  ];
  return utf8(JSON.stringify({ keys, "user-data": "0a0b", ...more }));
}

interface HclParts {
  readonly signature?: string;
  readonly reportType?: number;
  readonly hashType?: number;
  readonly variableData?: Uint8Array;
  readonly variableDataSize?: number;
  readonly hardwareReport?: Uint8Array;
}

/** An HCL report around an SEV-SNP report that fits it, but for what `parts` say. */
async function hclBytes(parts: HclParts = {}): Promise<Uint8Array> {
  const variableData = parts.variableData ?? json();
  const report = encodeSnpReport({ version: 2, reportData: await sha256(variableData) });
  const size = parts.variableDataSize ?? variableData.length;
  return concatBytes(
    utf8(parts.signature ?? "HCLA"),
    ...[1, 0x4d4 + variableData.length, 2, 0].map((value) => writeLe(value, 4)),
    new Uint8Array(12),
    parts.hardwareReport ?? report,
    writeLe(20 + variableData.length, 4),
    ...[1, parts.reportType ?? 2, parts.hashType ?? 1, size].map((value) => writeLe(value, 4)),
    variableData,
    new Uint8Array(parts.variableDataSize === undefined ? 100 : 0),
  );
}

async function goodInput(more: Partial<Input> = {}): Promise<Input> {
  return {
    hclReport: await hclBytes(),
    tpmQuote: await signed(await quoteBytes()),
    nonce: NONCE,
    verifyEvidence: async (evidence) =>
      await Promise.resolve({ reportData: evidence.slice(0x50, 0x90) }),
    ...more,
  };
}

async function verdict(more: Partial<Input> = {}): Promise<string> {
  return await codeOf(verifyAzureVtpm(await goodInput(more)));
}

test("a virtual tpm that the hardware vouches for is accepted, with its pcrs and user data", async () => {
  const { hcl, quote, pcrs } = await verifyAzureVtpm(await goodInput());
  expect(hcl).toMatchObject({ signature: "HCLA", reportType: "SNP", hashType: "sha256" });
  expect(hcl.variables.userData).toEqual(fromHex("0a0b"));
  expect(hcl.variables.attestationKeyModulus).toEqual(modulus);
  expect(quote).toMatchObject({ resetCount: 1, restartCount: 2, safe: true });
  expect([...pcrs]).toEqual(PCRS.map((value, index) => [index, value]));
});

test.each([
  [2, "SHA-384"],
  [3, "SHA-512"],
])("variable data may be hashed as hash type %i says (%s)", async (hashType, algorithm) => {
  const reportData = new Uint8Array(await crypto.subtle.digest(algorithm, json()));
  const report = encodeSnpReport({ version: 2, reportData });
  expect(await verdict({ hclReport: await hclBytes({ hashType, hardwareReport: report }) })).toBe(
    "accepted",
  );
});

test("only the pcrs that are wanted need to be quoted", async () => {
  const pcrs = [4, 9].map((index) => new Uint8Array(32).fill(index));
  const digest = await sha256(concatBytes(...pcrs));
  const message = await quoteBytes({ selections: "00000001000b03100200", digest });
  const tpmQuote = await signed(message, pcrs);
  expect(await verdict({ tpmQuote, pcrIndices: [4, 9] })).toBe("accepted");
  expect(await verdict({ tpmQuote })).toBe("TPM_QUOTE_MISMATCH");
});

describe("hcl report:", () => {
  test.each<[string, HclParts, string]>([
    ["another signature", { signature: "HCLB" }, "HCL_MALFORMED"],
    ["a report type that is not known", { reportType: 3 }, "HCL_MALFORMED"],
    ["a hash type that is not known", { hashType: 4 }, "HCL_MALFORMED"],
    ["variable data cut off", { variableDataSize: 5000 }, "HCL_MALFORMED"],
    ["variable data over 64 KiB", { variableDataSize: 65_537 }, "HCL_MALFORMED"],
    ["variable data that is no utf-8", { variableData: fromHex("22ff22") }, "HCL_MALFORMED"],
    ["variable data that is no object", { variableData: utf8("[]") }, "HCL_MALFORMED"],
    ["no keys", { variableData: utf8("{}") }, "HCL_MALFORMED"],
    ["no attestation key", { variableData: utf8('{"keys":[{"kid":"x"}]}') }, "HCL_MALFORMED"],
    ["keys that are no objects", { variableData: utf8('{"keys":[1]}') }, "HCL_MALFORMED"],
    ["report data of nothing", { hardwareReport: encodeSnpReport({ version: 2 }) }, "HCL_BINDING"],
    ["no hardware report", { hardwareReport: new Uint8Array(1184) }, "REPORT_UNSUPPORTED_VERSION"],
    ["a td report without a td quote", { reportType: 4 }, "VERIFIER_INPUT"],
  ])("%s is refused", async (_, parts, code) => {
    expect(await verdict({ hclReport: await hclBytes(parts) })).toBe(code);
  });

  const key = { kid: "HCLAkPub", kty: "RSA", e: "AQAB", n: toBase64Url(new Uint8Array(256)) };
  test.each([
    ["a duplicate attestation key", { keys: [key, key] }],
    ["a key of another type", { keys: [{ ...key, kty: "EC" }] }],
    ["another exponent", { keys: [{ ...key, e: "Aw" }] }],
    ["a modulus that is no text", { keys: [{ ...key, n: 5 }] }],
    ["a modulus that is no base64url", { keys: [{ ...key, n: "+" }] }],
    ["a modulus with a leading zero", { keys: [key] }],
    ["a short modulus", { keys: [{ ...key, n: toBase64Url(new Uint8Array(128).fill(255)) }] }],
    ["a long modulus", { keys: [{ ...key, n: toBase64Url(new Uint8Array(513).fill(255)) }] }],
    ["user data that is no hex", { "user-data": "x" }],
    ["user data that is no text", { "user-data": 1 }],
  ])("%s is refused with HCL_MALFORMED", async (_, more) => {
    expect(await verdict({ hclReport: await hclBytes({ variableData: json(more) }) })).toBe(
      "HCL_MALFORMED",
    );
  });

  test("report data with something behind the hash is refused", async () => {
    const reportData = concatBytes(await sha256(json()), new Uint8Array(32).fill(1));
    const report = encodeSnpReport({ version: 2, reportData });
    expect(await verdict({ hclReport: await hclBytes({ hardwareReport: report }) })).toBe(
      "HCL_BINDING",
    );
  });
});

describe("tpm quote:", () => {
  test.each<[string, QuoteParts, string]>([
    ["something no tpm made", { magic: "ff5443488018" }, "TPM_QUOTE_MALFORMED"],
    ["a certification instead of a quote", { magic: "ff5443478017" }, "TPM_QUOTE_MALFORMED"],
    ["a boolean 2", { safe: 2 }, "TPM_QUOTE_MALFORMED"],
    ["bytes after it", { end: new Uint8Array(1) }, "TPM_QUOTE_MALFORMED"],
    ["17 selections", { selections: "00000011" }, "TPM_QUOTE_MALFORMED"],
    ["another nonce", { nonce: utf8("another") }, "TPM_QUOTE_MISMATCH"],
    ["no nonce", { nonce: new Uint8Array(0) }, "TPM_QUOTE_MISMATCH"],
    ["fewer pcrs", { selections: "00000001000b03feffff" }, "TPM_QUOTE_MISMATCH"],
    ["pcrs of sha-1", { selections: "00000001000403ffffff" }, "TPM_QUOTE_MISMATCH"],
    ["no pcrs", { selections: "00000000" }, "TPM_QUOTE_MISMATCH"],
    ["two banks", { selections: "00000002000b03ffffff000403ffffff" }, "TPM_QUOTE_MISMATCH"],
    ["another digest", { digest: new Uint8Array(32) }, "TPM_QUOTE_MISMATCH"],
  ])("%s is refused", async (_, parts, code) => {
    expect(await verdict({ tpmQuote: await signed(await quoteBytes(parts)) })).toBe(code);
  });

  test("pcr values cut in another way are refused", async () => {
    const all = concatBytes(...PCRS);
    const cut = [31, ...Array.from({ length: 22 }, (_, i) => 63 + 32 * i), 24 * 32];
    const pcrs = cut.map((end, i) => all.subarray(i === 0 ? 0 : cut[i - 1], end));
    expect(await verdict({ tpmQuote: await signed(await quoteBytes(), pcrs) })).toBe(
      "TPM_QUOTE_MISMATCH",
    );
  });

  test("every damaged bit of message and signature is refused as a bad signature", async () => {
    const { message, signature } = await signed(await quoteBytes());
    const anyBit = fc.nat(8 * (message.length + signature.length) - 1);
    await fc.assert(
      fc.asyncProperty(anyBit, async (bit) => {
        const bytes = concatBytes(message, signature);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const damaged = {
          message: bytes.slice(0, message.length),
          signature: bytes.slice(message.length),
          pcrs: PCRS,
        };
        expect(await verdict({ tpmQuote: damaged })).toBe("TPM_QUOTE_SIGNATURE_INVALID");
      }),
      { numRuns: 40 },
    );
  });

  test("a TPMT_SIGNATURE holds the bare signature", () => {
    expect(parseTpmtSignature(fromHex("0014000b0002aabb"))).toEqual(fromHex("aabb"));
  });

  test.each(["0018000b0002aabb", "001400040002aabb", "0014000b0003aabb", "0014000b0001aabb"])(
    "the TPMT_SIGNATURE %s is refused",
    (hex) => {
      expect(() => parseTpmtSignature(fromHex(hex))).toThrow(
        expect.objectContaining({ code: "TPM_QUOTE_MALFORMED" }),
      );
    },
  );
});

describe("hardware evidence:", () => {
  test("what its verifier throws is thrown", async () => {
    const verifyEvidence = async (): Promise<Attested> =>
      await Promise.reject(new AttestationError("REPORT_SIGNATURE_INVALID", "no"));
    expect(await verdict({ verifyEvidence })).toBe("REPORT_SIGNATURE_INVALID");
  });

  test("other evidence than the one that was bound is refused", async () => {
    const verifyEvidence = async (): Promise<Attested> =>
      await Promise.resolve({ reportData: new Uint8Array(64) });
    expect(await verdict({ verifyEvidence })).toBe("HCL_BINDING");
  });

  test("a td's quote is bound like a report, and reaches the verifier", async () => {
    const reportData = await sha256(json());
    const options = tdQuoteOptions({ version: 4 }, reportData);
    const tdQuote = await platform.quote(reportData, options);
    const hclReport = await hclBytes({ reportType: 4 });
    const verifyEvidence: Input["verifyEvidence"] = async (evidence, tee) => {
      expect([tee, evidence]).toEqual(["tdx", tdQuote]);
      return await Promise.resolve(parseQuote(evidence).body);
    };
    expect(await verdict({ hclReport, tdQuote, verifyEvidence })).toBe("accepted");
    const other = await hclBytes({ reportType: 4, variableData: json({ more: 1 }) });
    expect(await verdict({ hclReport: other, tdQuote, verifyEvidence })).toBe("HCL_BINDING");
  });

  test("a quote of an enclave is refused where that of a td is needed", async () => {
    const tdQuote = await platform.quote(await sha256(json()));
    const hclReport = await hclBytes({ reportType: 4 });
    expect(await verdict({ hclReport, tdQuote })).toBe("QUOTE_UNSUPPORTED_TEE_TYPE");
  });
});

describe("any bytes give a value or an AttestationError:", () => {
  test.each([
    ["hcl report", parseHclReport, fromHex("48434c41")],
    ["tpm quote", parseTpmQuote, fromHex("ff54434780180000")],
    ["TPMT_SIGNATURE", parseTpmtSignature, fromHex("0014000b")],
  ] as const)("%s", (_, parse, start) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.boolean(), (bytes, begun) => {
        try {
          parse(begun ? concatBytes(start, bytes) : bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(AttestationError);
        }
      }),
    );
  });
});

describe("pcr policy", () => {
  const verified = { pcrs: new Map(PCRS.map((value, index) => [index, value])) };

  test.each([
    ["any values", "any" as const, []],
    ["the values that are there", new Map([[4, new Uint8Array(32).fill(4)]]), []],
    ["another value", new Map([[4, new Uint8Array(32)]]), ["POLICY_PCR"]],
    ["a pcr that was not quoted", new Map([[24, new Uint8Array(32)]]), ["POLICY_PCR"]],
    [
      "two other values",
      new Map([
        [4, new Uint8Array(32)],
        [5, new Uint8Array(32)],
      ]),
      ["POLICY_PCR", "POLICY_PCR"],
    ],
  ])("for %s", (_, policy, codes) => {
    expect(appraisePcrs(verified, policy).map(({ code }) => code)).toEqual(codes);
  });
});
