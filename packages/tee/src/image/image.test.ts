import { concatBytes, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TeeError } from "../error.ts";
import { imageOf, PLAIN_SETTINGS } from "../testing/signed-image.ts";
import { encodeImage, parseImage } from "./image.ts";

const malformed = expect.objectContaining({ name: "TeeError", code: "IMAGE_MALFORMED" });

describe("an image", () => {
  test("comes back as it was encoded, signed or not", () => {
    const bundles = fc.uint8Array({ minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(bundles, fc.boolean(), (bundle, signed) => {
        const sigstruct = new Uint8Array(signed ? 1808 : 0).fill(7);
        const unsigned = encodeImage({ bundle, settings: PLAIN_SETTINGS });
        const image = parseImage(concatBytes(unsigned, sigstruct));
        expect(image.bundle).toEqual(bundle);
        expect(image.settings).toEqual(PLAIN_SETTINGS);
        expect(image.unsigned).toEqual(unsigned);
        expect(image.sigstruct).toEqual(signed ? sigstruct : undefined);
      }),
    );
  });

  test("depends on its content only", () => {
    expect(imageOf("1")).toEqual(imageOf("1"));
    expect(imageOf("1")).not.toEqual(imageOf("2"));
  });

  test("is refused with IMAGE_MALFORMED at every truncation", () => {
    const image = imageOf("console.log(1)");
    for (let length = 0; length < image.length; length += 1) {
      expect(() => parseImage(image.subarray(0, length))).toThrow(malformed);
    }
  });

  test("any bytes give an image or IMAGE_MALFORMED", () => {
    const image = imageOf("console.log(1)");
    const patched = fc.tuple(fc.nat(image.length - 1), fc.uint8Array()).map(([offset, patch]) => {
      return concatBytes(image.subarray(0, offset), patch, image.subarray(offset));
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), patched), (bytes) => {
        try {
          parseImage(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(TeeError);
          expect(error).toMatchObject({ code: "IMAGE_MALFORMED" });
        }
      }),
    );
  });

  test("is refused with IMAGE_MALFORMED when a record says it is longer than the file", () => {
    const image = imageOf("x");
    const size = utf8("main.mjs").length + 16 + 4 + 5;
    image.fill(0xff, size, size + 8);
    expect(() => parseImage(image)).toThrow(malformed);
  });

  test("has a bundle", () => {
    expect(() => encodeImage({ bundle: new Uint8Array(), settings: PLAIN_SETTINGS })).toThrow(
      malformed,
    );
  });
});
