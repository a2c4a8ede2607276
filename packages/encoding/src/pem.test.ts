import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EncodingError, encodePem, parsePem } from "./index.ts";

describe("PEM", () => {
  test("gives back every block in order, whatever stands between them", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), (contents) => {
        const text = contents
          .map((bytes) => `subject=x\n${encodePem("CERTIFICATE", bytes)}`)
          .join("\n");
        expect(parsePem(text).map(({ bytes }) => bytes)).toEqual(contents);
      }),
    );
  });

  test.each([
    ["no end line", "-----BEGIN A-----\nAAAA\n"],
    ["another end line", "-----BEGIN A-----\nAAAA\n-----END B-----\n"],
    ["broken base64", "-----BEGIN A-----\nAAA\n-----END A-----\n"],
  ])("refuses %s with PEM_MALFORMED", (_, text) => {
    expect(() => parsePem(text)).toThrow(expect.objectContaining({ code: "PEM_MALFORMED" }));
  });

  test("any text gives blocks or an EncodingError", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parsePem(`-----BEGIN ${text}`);
        } catch (error) {
          expect(error).toBeInstanceOf(EncodingError);
        }
      }),
    );
  });
});
