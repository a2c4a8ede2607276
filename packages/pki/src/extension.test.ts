import { der } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PkiError } from "./error.ts";
import {
  extension,
  KEY_USAGES,
  parseAlternativeNames,
  parseBasicConstraints,
  parseExtendedKeyUsage,
  parseKeyUsage,
} from "./extension.ts";
import { OID } from "./oid.ts";

describe("extensions come back as they were written", () => {
  test("key usage", () => {
    fc.assert(
      fc.property(fc.subarray([...KEY_USAGES], { minLength: 1 }), (usages) => {
        expect(parseKeyUsage(extension.keyUsage(...usages).value)).toEqual(new Set(usages));
      }),
    );
  });

  test.each([
    [true, undefined],
    [true, 0],
    [true, 300],
    [false, undefined],
  ])("basic constraints %j %j", (ca, pathLength) => {
    const expected = pathLength === undefined ? { ca } : { ca, pathLength };
    expect(parseBasicConstraints(extension.basicConstraints(ca, pathLength).value)).toEqual(
      expected,
    );
  });

  test("extended key usage", () => {
    const { value } = extension.extendedKeyUsage(OID.serverAuth, OID.clientAuth);
    expect(parseExtendedKeyUsage(value)).toEqual([OID.serverAuth, OID.clientAuth]);
  });

  test("alternative names", () => {
    const names = fc.record({
      dnsNames: fc.array(fc.domain(), { maxLength: 4 }),
      ipAddresses: fc.array(fc.ipV4(), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(names, (written) => {
        const { value } = extension.subjectAlternativeName(written);
        expect(parseAlternativeNames(value)).toEqual(written);
      }),
    );
  });
});

test("an address that is none cannot become an alternative name", () => {
  expect(() => extension.subjectAlternativeName({ dnsNames: [], ipAddresses: ["1.2.3"] })).toThrow(
    PkiError,
  );
});

test.each([
  ["basic constraints that are no sequence", () => parseBasicConstraints(der.boolean(true))],
  [
    "a BOOLEAN that DER does not know",
    () => parseBasicConstraints(new Uint8Array([48, 3, 1, 1, 5])),
  ],
  [
    "something behind the path length",
    () => parseBasicConstraints(der.sequence(der.boolean(true), der.integer(1), der.null())),
  ],
  ["key usage with unused bits that are set", () => parseKeyUsage(new Uint8Array([3, 2, 7, 0xff]))],
])("%s are refused with DER_MALFORMED", (_, read) => {
  expect(read).toThrow(expect.objectContaining({ code: "DER_MALFORMED" }));
});
