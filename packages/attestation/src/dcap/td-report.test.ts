import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AttestationError } from "../error.ts";
import {
  encodeTdReport,
  parseTdReport,
  readTdAttributes,
  type TdReportVersion,
  tdReportBytes,
} from "./td-report.ts";

const VERSIONS: readonly [TdReportVersion, number][] = [
  ["1.0", 584],
  ["1.5", 648],
  ["1.5-extended", 885],
];

describe.each(VERSIONS)("a td report %s", (version, bytes) => {
  test(`has ${bytes} bytes, all of them in a field`, () => {
    expect(tdReportBytes(version)).toBe(bytes);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: bytes, maxLength: bytes }), (raw) => {
        const { raw: _, version: __, debug: ___, ...fields } = parseTdReport(raw, version);
        expect(encodeTdReport(version, fields)).toEqual(raw);
      }),
    );
  });

  test("is refused when a byte is missing", () => {
    expect(() => parseTdReport(new Uint8Array(bytes - 1), version)).toThrow(
      expect.objectContaining({ constructor: AttestationError, code: "QUOTE_TRUNCATED" }),
    );
  });
});

test("a field that the version lacks or that has another size cannot be encoded", () => {
  expect(() => encodeTdReport("1.0", { mrServiceTd: new Uint8Array(48) })).toThrow(TypeError);
  expect(() => encodeTdReport("1.5", { mrTd: new Uint8Array(47) })).toThrow(TypeError);
});

test.each<[string, number, ReturnType<typeof readTdAttributes>]>([
  [
    "any of bits 0 to 7 is debug",
    6,
    { debug: true, septVeDisable: false, migratable: false, unknownSecurityBits: [] },
  ],
  [
    "bit 28 is SEPT_VE_DISABLE",
    28,
    { debug: false, septVeDisable: true, migratable: false, unknownSecurityBits: [] },
  ],
  [
    "bit 29 is MIGRATABLE",
    29,
    { debug: false, septVeDisable: false, migratable: true, unknownSecurityBits: [] },
  ],
  [
    "bit 27 is LASS",
    27,
    { debug: false, septVeDisable: false, migratable: false, unknownSecurityBits: [] },
  ],
  [
    "bit 8 is not known",
    8,
    { debug: false, septVeDisable: false, migratable: false, unknownSecurityBits: [8] },
  ],
  [
    "bit 39 does not affect security",
    39,
    { debug: false, septVeDisable: false, migratable: false, unknownSecurityBits: [] },
  ],
])("%s", (_, bit, expected) => {
  const tdAttributes = new Uint8Array(8);
  tdAttributes[bit >> 3] = 1 << (bit & 7);
  const report = parseTdReport(encodeTdReport("1.0", { tdAttributes }), "1.0");
  expect(readTdAttributes(report)).toEqual(expected);
});
