import fc from "fast-check";
import { expect, test } from "vitest";
import { AttestationError, decodeOeQuote, encodeOeQuote } from "./index.ts";

test("the Open Enclave form gives back the quote, and refuses every truncation and addition", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (raw) => {
      const wrapped = encodeOeQuote(raw);
      expect(wrapped.length).toBe(raw.length + 16);
      expect(decodeOeQuote(wrapped)).toEqual(raw);
      expect(() => decodeOeQuote(wrapped.subarray(0, -1))).toThrow(AttestationError);
      expect(() => decodeOeQuote(Buffer.concat([wrapped, Buffer.alloc(1)]))).toThrow(
        AttestationError,
      );
    }),
  );
});

test("any bytes give a quote or an AttestationError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        decodeOeQuote(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(AttestationError);
      }
    }),
  );
});
