import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DER_TAG,
  DerReader,
  der,
  derBitString,
  derBoolean,
  derInteger,
  derOid,
  derTime,
  EncodingError,
  encodeDer,
  fromHex,
  readDer,
} from "./index.ts";

const oid = fc
  .tuple(fc.nat(2), fc.nat(39), fc.array(fc.nat(), { maxLength: 6 }))
  .map(([root, second, rest]) => [root, second, ...rest].join("."));

describe("DER values", () => {
  test("integers, oids, bit strings and times come back as written", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 200n), max: 1n << 200n }), oid, (value, dotted) => {
        expect(derInteger(readDer(der.integer(value)))).toBe(value);
        expect(derOid(readDer(der.oid(dotted)))).toBe(dotted);
      }),
    );
    const second = fc.integer({ min: -631_152_000, max: 253_402_300_799 });
    fc.assert(
      fc.property(second, (seconds) => {
        expect(derTime(readDer(der.time(new Date(seconds * 1000)))).getTime()).toBe(seconds * 1000);
      }),
    );
    expect(derBoolean(readDer(der.boolean(true)))).toBe(true);
    expect(derBitString(readDer(der.bitString(new Uint8Array([0xa0]), 5)))).toEqual({
      bytes: new Uint8Array([0xa0]),
      unusedBits: 5,
    });
  });

  test("lengths of every size come back", () => {
    for (const size of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const node = readDer(encodeDer(DER_TAG.octetString, new Uint8Array(size)));
      expect(node.content.length).toBe(size);
    }
  });
});

describe("strict DER", () => {
  test.each([
    ["indefinite length", "3080 0000"],
    ["length in long form below 128", "04810100"],
    ["length with a leading zero", "0482008000"],
    ["content cut off", "0405 00"],
    ["high tag number", "1f8100"],
    ["bytes after the element", "0500 00"],
    ["nothing", ""],
  ])("refuses %s", (_, hex) => {
    expect(() => readDer(fromHex(hex.replaceAll(" ", "")))).toThrow(
      expect.objectContaining({ code: "DER_MALFORMED" }),
    );
  });

  test.each([
    ["integer with a needless zero", "02020001", derInteger],
    ["integer with a needless ff", "0202ffff", derInteger],
    ["empty integer", "0200", derInteger],
    ["boolean 01", "010101", derBoolean],
    ["oid cut off", "060180", derOid],
    ["oid arc not minimal", "0603558001", derOid],
    ["unused bits not zero", "03020101", derBitString],
    ["8 unused bits", "03020800", derBitString],
  ] as const)("refuses %s", (_, hex, read) => {
    expect(() => read(readDer(fromHex(hex)))).toThrow(EncodingError);
  });

  test.each(["240230000000Z", "2402300000Z", "240101000000+0000", "249901000000Z"])(
    "refuses the time %s",
    (text) => {
      const node = readDer(encodeDer(DER_TAG.utcTime, new TextEncoder().encode(text)));
      expect(() => derTime(node)).toThrow(EncodingError);
    },
  );

  test("any bytes give elements or an EncodingError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (input) => {
        const reader = new DerReader(input);
        try {
          while (!reader.done) derOid(reader.read());
        } catch (error) {
          expect(error).toBeInstanceOf(EncodingError);
        }
      }),
    );
  });
});
