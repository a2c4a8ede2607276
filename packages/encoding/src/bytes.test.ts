import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  concatBytes,
  EncodingError,
  equalBytes,
  fromBase64,
  fromHex,
  toBase64,
  toHex,
} from "./index.ts";

const bytes = fc.uint8Array({ maxLength: 300 });

describe("hex and base64", () => {
  test("give back what they encoded", () => {
    fc.assert(
      fc.property(bytes, (input) => {
        expect(fromHex(toHex(input))).toEqual(input);
        expect(fromBase64(toBase64(input))).toEqual(input);
        expect(toBase64(input)).toBe(Buffer.from(input).toString("base64"));
      }),
    );
  });

  test.each(["0", "zz", "0x00", " 00"])("refuse %j as hex with HEX_MALFORMED", (text) => {
    expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: "HEX_MALFORMED" }));
  });

  test.each(["A", "AA", "AAA", "A===", "AA==AA==", "AA\n==", "_-=="])(
    "refuse %j as base64 with BASE64_MALFORMED",
    (text) => {
      expect(() => fromBase64(text)).toThrow(expect.objectContaining({ code: "BASE64_MALFORMED" }));
    },
  );

  test("any text gives bytes or an EncodingError", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const decode of [fromHex, fromBase64]) {
          try {
            decode(text);
          } catch (error) {
            expect(error).toBeInstanceOf(EncodingError);
          }
        }
      }),
    );
  });
});

describe("equalBytes", () => {
  test("is true for the same bytes only", () => {
    expect(
      equalBytes(new Uint8Array([1, 2]), concatBytes(new Uint8Array([1]), new Uint8Array([2]))),
    ).toBe(true);
    expect(equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 3]))).toBe(false);
    expect(equalBytes(new Uint8Array([1, 2]), new Uint8Array([1]))).toBe(false);
  });
});
