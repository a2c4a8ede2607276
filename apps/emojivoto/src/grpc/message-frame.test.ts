import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { createFrameReader, encodeFrame } from "./message-frame.ts";

describe("message frames", () => {
  test("come out as they went in, however the bytes are cut", () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 17 }), (sent, cut) => {
        const bytes = Buffer.concat(sent.map(encodeFrame));
        const reader = createFrameReader(40);
        const got: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += cut)
          got.push(...reader.push(bytes.subarray(at, at + cut)));
        expect(got.map((one) => Buffer.from(one))).toEqual(sent.map((one) => Buffer.from(one)));
      }),
    );
  });

  test("of any bytes give messages or FRAME_MALFORMED", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          createFrameReader(32).push(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(EmojivotoError);
          expect(error).toMatchObject({ code: "FRAME_MALFORMED" });
        }
      }),
    );
  });

  test.each([
    ["compressed", [1, 0, 0, 0, 0]],
    ["too long", [0, 0, 0, 0, 33]],
    ["absurdly long", [0, 0xff, 0xff, 0xff, 0xff]],
  ])("that are %s are refused before their bytes arrive", (_, head) => {
    expect(() => createFrameReader(32).push(Uint8Array.from(head))).toThrow(
      expect.objectContaining({ code: "FRAME_MALFORMED" }),
    );
  });
});
