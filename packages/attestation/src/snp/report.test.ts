import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AttestationError } from "../error.ts";
import { encodeGuestPolicy, type GuestPolicy } from "./guest-policy.ts";
import { parseSnpReport } from "./report.ts";
import { encodeSnpReport, type SnpReportFields, withSnpSignature } from "./report-encoder.ts";
import { BYTE_FIELDS, SNP_REPORT_BYTES } from "./report-layout.ts";

function codeOf(bytes: Uint8Array): string {
  try {
    parseSnpReport(bytes);
    return "accepted";
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
}

function withByte(version: number, offset: number, value: number): Uint8Array {
  const bytes = encodeSnpReport({ version });
  bytes[offset] = value;
  return bytes;
}

const u8 = fc.nat(0xff);
const u32 = fc.nat(0xffff_ffff);
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const firmware = fc.record({ major: u8, minor: u8, build: u8 });
const byteFields = fc.record(
  Object.fromEntries(
    BYTE_FIELDS.map(([name, , length]) => [
      name,
      fc.uint8Array({ minLength: length, maxLength: length }),
    ]),
  ),
);

const fields: fc.Arbitrary<SnpReportFields> = fc
  .record({
    bytes: byteFields,
    version: fc.integer({ min: 2, max: 7 }),
    common: fc.record({
      guestSvn: u32,
      vmpl: u32,
      platformInfo: u64,
      policy: fc
        .record({ abiMinor: u8, abiMajor: u8, smt: fc.boolean(), debug: fc.boolean() })
        .map((policy: Partial<GuestPolicy>) => encodeGuestPolicy(policy)),
      signerInfo: fc.record({
        authorKeyEn: fc.boolean(),
        maskChipKey: fc.boolean(),
        signingKey: fc.constantFrom("VCEK" as const, "VLEK" as const, "none" as const),
      }),
      currentVersion: firmware,
      committedVersion: firmware,
      signature: fc.uint8Array({ minLength: 96, maxLength: 96 }),
    }),
    cpuid: fc.record({ family: u8, model: u8, stepping: u8 }),
    vectors: fc.record({ launchMitVector: u64, currentMitVector: u64 }),
  })
  .map(({ bytes, version, common, cpuid, vectors }) => ({
    version,
    signatureAlgo: 1,
    ...bytes,
    ...common,
    ...(version >= 3 ? { cpuid } : {}),
    ...(version >= 5 ? vectors : {}),
  }));

describe("a report", () => {
  test("is parsed to the fields it was made of, and made again from them", () => {
    fc.assert(
      fc.property(fields, (made) => {
        const bytes = encodeSnpReport(made);
        const parsed = parseSnpReport(bytes);
        expect(parsed).toMatchObject(made);
        expect(encodeSnpReport(parsed)).toEqual(bytes);
      }),
    );
  });

  test("of any bytes is parsed or refused with a code", () => {
    const edits = fc.array(fc.tuple(fc.nat(SNP_REPORT_BYTES - 1), u8), { maxLength: 4 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), edits, (version, changes) => {
        const bytes = encodeSnpReport({ version });
        for (const [offset, value] of changes) bytes[offset] = value;
        codeOf(bytes);
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1300 }), (bytes) => void codeOf(bytes)));
  });

  test.each([
    [0, "REPORT_TRUNCATED"],
    [SNP_REPORT_BYTES - 1, "REPORT_TRUNCATED"],
    [SNP_REPORT_BYTES + 1, "REPORT_LENGTH"],
    [SNP_REPORT_BYTES + 32, "REPORT_LENGTH"],
  ])("of %i bytes is refused with %s", (length, code) => {
    expect(codeOf(new Uint8Array(length))).toBe(code);
  });

  test.each([
    ["version 0", 2, 0x00, 0, "REPORT_UNSUPPORTED_VERSION"],
    ["version 1", 2, 0x00, 1, "REPORT_UNSUPPORTED_VERSION"],
    ["signature algorithm 0", 5, 0x34, 0, "REPORT_SIG_ALGO"],
    ["signature algorithm 2", 5, 0x34, 2, "REPORT_SIG_ALGO"],
    ["policy bit 17 clear", 5, 0x0a, 1, "REPORT_RESERVED_NONZERO"],
    ["policy bit 26", 5, 0x0b, 4, "REPORT_RESERVED_NONZERO"],
    ["policy bit 63", 5, 0x0f, 0x80, "REPORT_RESERVED_NONZERO"],
    ["flag bit 5", 5, 0x48, 0x20, "REPORT_RESERVED_NONZERO"],
    ["flag bit 31", 5, 0x4b, 0x80, "REPORT_RESERVED_NONZERO"],
    ["signing key 2", 5, 0x48, 2 << 2, "VEK_FORMAT"],
    ["signing key 6", 5, 0x48, 6 << 2, "VEK_FORMAT"],
    ["signing key 7", 5, 0x48, 7 << 2, "accepted"],
    ["a byte after the flags", 5, 0x4c, 1, "REPORT_RESERVED_NONZERO"],
    ["the last byte before REPORT_DATA", 5, 0x4f, 1, "REPORT_RESERVED_NONZERO"],
    ["a cpu family in version 2", 2, 0x188, 1, "REPORT_RESERVED_NONZERO"],
    ["a cpu family in version 3", 3, 0x188, 1, "accepted"],
    ["a byte after the cpuid", 3, 0x18b, 1, "REPORT_RESERVED_NONZERO"],
    ["a byte before CHIP_ID", 5, 0x19f, 1, "REPORT_RESERVED_NONZERO"],
    ["a byte after the current version", 5, 0x1eb, 1, "REPORT_RESERVED_NONZERO"],
    ["a byte after the committed version", 5, 0x1ef, 1, "REPORT_RESERVED_NONZERO"],
    ["a mitigation vector in version 3", 3, 0x1f8, 1, "REPORT_RESERVED_NONZERO"],
    ["the place of mitigation vectors in version 4", 4, 0x1f8, 1, "accepted"],
    ["a mitigation vector in version 5", 5, 0x207, 1, "accepted"],
    ["a byte after the vectors in version 4", 4, 0x208, 1, "REPORT_RESERVED_NONZERO"],
    ["a byte after the vectors in version 6", 6, 0x208, 1, "REPORT_RESERVED_NONZERO"],
    ["the last signed byte", 5, 0x29f, 1, "REPORT_RESERVED_NONZERO"],
    ["the first pad byte of r", 5, 0x2d0, 1, "REPORT_RESERVED_NONZERO"],
    ["the last pad byte of r", 5, 0x2e7, 1, "REPORT_RESERVED_NONZERO"],
    ["the first pad byte of s", 5, 0x318, 1, "REPORT_RESERVED_NONZERO"],
    ["the last pad byte of s", 5, 0x32f, 1, "REPORT_RESERVED_NONZERO"],
    ["the first byte after the signature", 5, 0x330, 1, "REPORT_RESERVED_NONZERO"],
    ["the last byte", 5, 0x49f, 1, "REPORT_RESERVED_NONZERO"],
  ])("with %s (version %i, byte %i set to %i) gives %s", (_, version, offset, value, code) => {
    expect(codeOf(withByte(version, offset, value))).toBe(code);
  });

  test("of an unknown version is read with the newest layout", () => {
    const made = { version: 9, cpuid: { family: 0x1a, model: 2, stepping: 0 } };
    const vectors = { launchMitVector: 5n, currentMitVector: 7n };
    const parsed = parseSnpReport(encodeSnpReport({ ...made, ...vectors }));
    expect(parsed).toMatchObject({ version: 9, layout: 5, product: "Turin", ...vectors });
  });

  test("leaves a caller's Buffer as it was", () => {
    const signature = new Uint8Array(96).map((_, i) => i);
    const buffer = Buffer.from(encodeSnpReport({ version: 5, signature }));
    const before = buffer.toString("hex");
    expect([...parseSnpReport(buffer).signature]).toEqual([...signature]);
    expect(buffer.toString("hex")).toBe(before);
  });
});

describe("a report to be made", () => {
  test("pads short report data and takes the policy that allows SMT", () => {
    const made = encodeSnpReport({ version: 3, reportData: new Uint8Array([1, 2]) });
    const { reportData, policyBits } = parseSnpReport(made);
    expect([...reportData.subarray(0, 4)]).toEqual([1, 2, 0, 0]);
    expect(policyBits).toMatchObject({ smt: true, debug: false, migrateMa: false });
  });

  test.each<[string, Partial<SnpReportFields>]>([
    ["a short measurement", { measurement: new Uint8Array(47) }],
    ["long report data", { reportData: new Uint8Array(65) }],
    ["a vmpl above 32 bits", { vmpl: 2 ** 32 }],
    ["a cpuid in version 2", { version: 2, cpuid: { family: 25, model: 1, stepping: 1 } }],
    ["a mitigation vector in version 4", { version: 4, launchMitVector: 1n }],
    ["a signature of another curve", { signature: new Uint8Array(64) }],
  ])("with %s is a TypeError", (_, changes) => {
    expect(() => encodeSnpReport({ version: 5, ...changes })).toThrow(TypeError);
  });

  test("must be whole to be signed", () => {
    expect(() => withSnpSignature(new Uint8Array(10), new Uint8Array(96))).toThrow(TypeError);
  });
});
