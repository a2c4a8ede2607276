import { concatBytes, fromHex, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeLe } from "../byte-reader.ts";
import { AttestationError } from "../error.ts";
import { encodeQuote, encodeQuoteSigned, parseQuote, pckChainOf } from "./quote.ts";
import {
  encodeSgxReportBody,
  parseSgxReportBody,
  type SgxReportBodyFields,
} from "./report-body.ts";

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const u16 = fc.nat(0xffff);
const reportBody: fc.Arbitrary<Required<SgxReportBodyFields>> = fc.record({
  cpuSvn: bytes(16),
  miscSelect: bytes(4),
  isvExtProdId: bytes(16),
  attributes: bytes(16),
  mrEnclave: bytes(32),
  mrSigner: bytes(32),
  configId: bytes(64),
  isvProdId: u16,
  isvSvn: u16,
  configSvn: u16,
  isvFamilyId: bytes(16),
  reportData: bytes(64),
});
const auth = fc.record({
  signature: bytes(64),
  attestationKey: bytes(64),
  qeReport: bytes(384),
  qeReportSignature: bytes(64),
  qeAuthData: fc.uint8Array({ maxLength: 1024 }),
  pckChainPem: fc.string({ unit: "grapheme-ascii", maxLength: 200 }),
});

const AUTH = {
  signature: new Uint8Array(64).fill(1),
  attestationKey: new Uint8Array(64).fill(2),
  qeReport: new Uint8Array(384).fill(3),
  qeReportSignature: new Uint8Array(64).fill(4),
  qeAuthData: new Uint8Array(32).fill(5),
  pckChainPem: "chain",
};
const QUOTE = encodeQuote(
  encodeQuoteSigned({ version: 3, tee: "sgx" }, utf8("user"), encodeSgxReportBody({})),
  AUTH,
);

function codeOf(quote: Uint8Array, strictLength = false): string {
  try {
    parseQuote(quote, { strictLength });
    return "parsed";
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
}

function patched(offset: number, hex: string): Uint8Array {
  const quote = QUOTE.slice();
  quote.set(fromHex(hex), offset);
  return quote;
}

/** A quote of version 4, or 5, with the auth data wrapped as these versions do. */
function wrapped(version: 4 | 5, outerType = 6, bodyType = "010080010000"): Uint8Array {
  const inner = concatBytes(
    AUTH.qeReport,
    AUTH.qeReportSignature,
    writeLe(0, 2),
    writeLe(5, 2),
    writeLe(5, 4),
    utf8("chain"),
  );
  const authData = concatBytes(
    AUTH.signature,
    AUTH.attestationKey,
    writeLe(outerType, 2),
    writeLe(inner.length, 4),
    inner,
  );
  return concatBytes(
    writeLe(version, 2),
    QUOTE.subarray(2, 48),
    version === 5 ? fromHex(bodyType) : new Uint8Array(),
    QUOTE.subarray(48, 432),
    writeLe(authData.length, 4),
    authData,
  );
}

describe("a report body", () => {
  test("parses to what it was built from", () => {
    fc.assert(
      fc.property(reportBody, (fields) => {
        const raw = encodeSgxReportBody(fields);
        const debug = ((fields.attributes[0] ?? 0) & 2) !== 0;
        expect(parseSgxReportBody(raw)).toEqual({ ...fields, raw, debug });
      }),
    );
  });

  test("pads short report data with zeros and leaves out what is not named", () => {
    const body = parseSgxReportBody(encodeSgxReportBody({ reportData: utf8("hello") }));
    expect(body.reportData).toEqual(concatBytes(utf8("hello"), new Uint8Array(59)));
    expect(body.mrEnclave).toEqual(new Uint8Array(32));
  });

  test.each<SgxReportBodyFields>([
    { mrEnclave: new Uint8Array(31) },
    { reportData: new Uint8Array(65) },
    { isvProdId: 0x1_0000 },
    { isvSvn: -1 },
  ])("cannot be built from %j", (fields) => {
    expect(() => encodeSgxReportBody(fields)).toThrow(TypeError);
  });
});

describe("a quote", () => {
  test("of version 3 parses to what it was built from, and builds again the same", () => {
    fc.assert(
      fc.property(reportBody, auth, bytes(20), (fields, parts, userData) => {
        const signed = encodeQuoteSigned(
          { version: 3, tee: "sgx" },
          userData,
          encodeSgxReportBody(fields),
        );
        const built = encodeQuote(signed, parts);
        const quote = parseQuote(built, { strictLength: true });
        expect(quote.header).toMatchObject({ version: 3, teeType: 0, userData });
        expect(quote.body).toMatchObject(fields);
        expect(quote.signedBytes).toEqual(signed);
        expect(pckChainOf(quote)).toBe(parts.pckChainPem);
        const { qeReport, ...rest } = quote;
        const again = { ...rest, qeReport: qeReport.raw, pckChainPem: pckChainOf(quote) ?? "" };
        expect(encodeQuote(quote.signedBytes, again)).toEqual(built);
      }),
    );
  });

  test("of version 4 and 5 is read with its own layout", () => {
    expect(parseQuote(wrapped(4))).toMatchObject({
      bodyType: undefined,
      outerCertDataType: 6,
      certDataType: 5,
      qeAuthData: new Uint8Array(),
      trailingBytes: 0,
    });
    const five = parseQuote(wrapped(5));
    expect(five).toMatchObject({ bodyType: 1, outerCertDataType: 6 });
    expect(five.signedBytes).toHaveLength(48 + 6 + 384);
  });

  test.each([
    ["QUOTE_UNSUPPORTED_VERSION", patched(0, "0200")],
    ["QUOTE_UNSUPPORTED_VERSION", patched(0, "0600")],
    ["QUOTE_UNSUPPORTED_KEY_TYPE", patched(2, "0300")],
    ["QUOTE_UNSUPPORTED_TEE_TYPE", patched(4, "81000000")],
    ["QUOTE_UNKNOWN_QE_VENDOR", patched(12, "00")],
    ["QUOTE_TRUNCATED", patched(432, "ffff0000")],
    ["QUOTE_LENGTH_MISMATCH", patched(432, "01000000")],
    ["QUOTE_LENGTH_MISMATCH", patched(1012, "0104")],
    ["QUOTE_CERT_DATA_TYPE", patched(1046, "0600")],
    ["QUOTE_CERT_DATA_TYPE", patched(1046, "0000")],
    ["QUOTE_LENGTH_MISMATCH", patched(1048, "04000000")],
    ["QUOTE_LENGTH_MISMATCH", patched(1048, "06000000")],
    ["QUOTE_LENGTH_MISMATCH", patched(1048, "01800000")],
    ["QUOTE_CERT_DATA_TYPE", wrapped(4, 5)],
    ["QUOTE_BODY_TYPE", wrapped(5, 6, "020080010000")],
    ["QUOTE_BODY_TYPE", wrapped(5, 6, "010048020000")],
    ["QUOTE_LENGTH_MISMATCH", new Uint8Array(64 * 1024 + 1)],
  ])("is refused with %s where one field is wrong", (code, quote) => {
    expect(codeOf(quote)).toBe(code);
  });

  test("is refused at every truncation with QUOTE_TRUNCATED", () => {
    for (let length = 0; length < QUOTE.length; length += 1) {
      expect(codeOf(QUOTE.subarray(0, length))).toBe("QUOTE_TRUNCATED");
    }
  });

  test("may be followed by other bytes, unless the caller is strict", () => {
    const longer = concatBytes(QUOTE, new Uint8Array(70));
    expect(parseQuote(longer).trailingBytes).toBe(70);
    expect(codeOf(longer, true)).toBe("QUOTE_TRAILING_DATA");
    expect(codeOf(QUOTE, true)).toBe("parsed");
  });

  test("of any bytes, or with any bytes changed, is parsed or refused with a code", () => {
    const edit = fc.tuple(fc.nat(QUOTE.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (edits) => {
        const quote = QUOTE.slice();
        for (const [offset, value] of edits) quote[offset] = value;
        expect(codeOf(quote)).toMatch(/^(QUOTE_[A-Z_]+|parsed)$/);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1200 }), (any) => {
        expect(codeOf(any)).toMatch(/^QUOTE_/);
      }),
    );
  });

  test("cannot be built with more than 20 bytes of user data", () => {
    expect(() =>
      encodeQuoteSigned({ version: 3, tee: "sgx" }, new Uint8Array(21), new Uint8Array(384)),
    ).toThrow(TypeError);
  });
});
