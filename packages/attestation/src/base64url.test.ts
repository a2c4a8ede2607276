import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64Url, toBase64Url } from "./base64url.ts";

test("bytes come back, and no other text gives the same bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
    }),
  );
});

test.each(["-w==", "+w", "/w", "A", "AB", "A A", "AAAA="])("refuses %j", (text) => {
  expect(() => fromBase64Url(text)).toThrow(expect.objectContaining({ code: "BASE64_MALFORMED" }));
});
