import {
  AttestationError,
  encodeQuote,
  encodeQuoteSigned,
  encodeSgxReportBody,
  encodeSnpReport,
} from "@carrara/attestation";
import { toBase64, toHex, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CliError } from "../cli-error.ts";
import { recogniseFile } from "./recognise-file.ts";
import { showEvidence } from "./show-evidence.ts";

const QUOTE = encodeQuote(
  encodeQuoteSigned({ version: 3, tee: "sgx" }, utf8("SAMPLE"), encodeSgxReportBody({ isvSvn: 7 })),
  {
    signature: new Uint8Array(64),
    attestationKey: new Uint8Array(64),
    qeReport: new Uint8Array(384),
    qeReportSignature: new Uint8Array(64),
    qeAuthData: new Uint8Array(32),
    pckChainPem: "",
  },
);
const REPORT = encodeSnpReport({ version: 3, cpuid: { family: 0x19, model: 1, stepping: 1 } });

/** The codes of what a file of any bytes may come to. */
function outcomeOf(read: () => unknown): string {
  try {
    read();
    return "read";
  } catch (error) {
    if (error instanceof AttestationError || error instanceof CliError) return error.code;
    throw error;
  }
}

describe("a file", () => {
  const hex = (bytes: Uint8Array): Uint8Array => utf8(toHex(bytes));
  const base64 = (bytes: Uint8Array): Uint8Array => utf8(toBase64(bytes));

  test.each([
    ["binary", (bytes: Uint8Array) => bytes],
    ["hex", hex],
    ["base64", base64],
    ["base64 of hex", (bytes: Uint8Array) => base64(hex(bytes))],
    ["hex of base64 of hex", (bytes: Uint8Array) => hex(base64(hex(bytes)))],
  ])("of %s is what it holds", (encoding, encode) => {
    expect(recogniseFile(encode(QUOTE))).toMatchObject({ encoding, evidence: { tee: "sgx" } });
    expect(recogniseFile(encode(REPORT))).toMatchObject({ encoding, evidence: { tee: "snp" } });
  });

  test("of text in text without an end is not followed", () => {
    const deep = hex(hex(hex(hex(QUOTE))));
    expect(outcomeOf(() => recogniseFile(deep))).toBe("EVIDENCE_UNRECOGNISED");
  });

  test("of any bytes is shown or refused with a code", () => {
    const starts = [[], [0x30, 0x82], [3, 0, 2, 0], [2, 0, 0, 0], [1, 0, 0, 0], [...utf8("HCLA")]];
    const bytes = fc
      .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 1500 }))
      .map(([start, rest]) => new Uint8Array([...start, ...rest]));
    fc.assert(
      fc.property(fc.oneof(bytes, fc.string().map(utf8)), (file) => {
        expect(outcomeOf(() => showEvidence(file, false))).toMatch(/^(?:read|EVIDENCE_UN[A-Z]+)$/);
      }),
    );
  });

  test("with any byte changed is shown or refused with a code", () => {
    const changed = (good: Uint8Array) =>
      fc
        .tuple(fc.nat(good.length - 1), fc.nat(255))
        .map(([offset, value]) => good.with(offset, value));
    fc.assert(
      fc.property(fc.oneof(changed(QUOTE), changed(REPORT)), (file) => {
        expect(outcomeOf(() => showEvidence(file, false))).toMatch(/^(?:read|EVIDENCE_UN[A-Z]+)$/);
      }),
    );
  });
});
