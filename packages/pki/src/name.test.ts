import { der, EncodingError } from "@carrara/encoding";
import fc from "fast-check";
import { expect, test } from "vitest";
import { commonName, commonNameOf, encodeName, parseName } from "./name.ts";
import { OID } from "./oid.ts";

const attribute = fc.record({
  type: fc.constantFrom(OID.commonName, OID.organization, OID.country),
  value: fc.string({ unit: "grapheme", maxLength: 40 }),
});

test("names come back as they were written, in order", () => {
  fc.assert(
    fc.property(fc.array(attribute, { maxLength: 5 }), (attributes) => {
      expect(parseName(encodeName(attributes))).toEqual(attributes);
    }),
  );
});

test("the first common name is the common name, and none is the empty text", () => {
  expect(commonNameOf([...commonName("first"), ...commonName("second")])).toBe("first");
  expect(commonNameOf([])).toBe("");
});

test("a byte order mark is part of a name, not dropped from it", () => {
  expect(commonNameOf(parseName(encodeName(commonName("\uFEFFname"))))).toBe("\uFEFFname");
});

test("values that are no text come out as hex", () => {
  const name = der.sequence(der.set(der.sequence(der.oid(OID.commonName), der.integer(5))));
  expect(parseName(name)).toEqual([{ type: OID.commonName, value: "#05" }]);
});

test("any bytes give a name or an EncodingError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        parseName(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(EncodingError);
      }
    }),
  );
});
