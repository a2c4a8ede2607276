import { utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ManifestError } from "./error.ts";
import { encodeGoJson } from "./go-json-encode.ts";
import { packageJson, parsePackage } from "./package-json.ts";

const text = fc.string({ unit: "binary" });
const anyPackage = fc.record({
  debug: fc.boolean(),
  uniqueId: text,
  signerId: text,
  productId: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined }),
  securityVersion: fc.option(fc.nat(), { nil: undefined }),
  acceptedTcbStatuses: fc.array(text),
  acceptedAdvisories: fc.array(text),
});

describe("the stored form of a package", () => {
  test("has the members of the manifest, in its order", () => {
    const json = packageJson(
      parsePackage(utf8('{"SignerID":"ab","ProductID":18446744073709551615}')),
    );
    expect(encodeGoJson(json)).toBe(
      '{"Debug":false,"UniqueID":"","SignerID":"ab","ProductID":18446744073709551615,"SecurityVersion":null,"AcceptedTCBStatuses":[],"AcceptedAdvisories":[]}',
    );
  });

  test("reads back as the same package", () => {
    fc.assert(
      fc.property(anyPackage, (pkg) => {
        expect(parsePackage(utf8(encodeGoJson(packageJson(pkg))))).toEqual(pkg);
      }),
    );
  });

  test("of any bytes is a package or ManifestError", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), (bytes) => {
        try {
          parsePackage(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ManifestError);
        }
      }),
    );
  });
});
