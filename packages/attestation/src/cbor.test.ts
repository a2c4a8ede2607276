import { fromHex, toHex } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Cbor, CborError, cbor, decodeCbor, encodeCbor } from "./cbor.ts";

const MAX_NUMBER = 2n ** 64n - 1n;

const { item } = fc.letrec<{ item: Cbor; leaf: Cbor }>((tie) => ({
  leaf: fc.oneof(
    fc.bigInt({ min: -1n - MAX_NUMBER, max: MAX_NUMBER }).map(cbor.integer),
    fc.uint8Array({ maxLength: 40 }).map(cbor.bytes),
    fc.string({ unit: "binary", maxLength: 40 }).map(cbor.text),
    fc
      .integer({ min: 0, max: 255 })
      .filter((value) => value < 24 || value > 31)
      .map((value): Cbor => ({ kind: "simple", value })),
    fc
      .constantFrom(2, 4, 8)
      .map((length): Cbor => ({ kind: "float", bytes: new Uint8Array(length).fill(1) })),
  ),
  item: fc.oneof(
    { maxDepth: 5 },
    tie("leaf"),
    fc.array(tie("item"), { maxLength: 30 }).map((items) => cbor.array(...items)),
    fc
      .uniqueArray(fc.tuple(tie("leaf"), tie("item")), {
        maxLength: 5,
        selector: ([key]) => toHex(encodeCbor(key)),
      })
      .map((entries) => cbor.map(...entries)),
    fc
      .tuple(fc.bigInt({ min: 0n, max: MAX_NUMBER }), tie("item"))
      .map(([tag, content]) => cbor.tag(tag, content)),
  ),
}));

test("every item comes back as it was written", () => {
  fc.assert(
    fc.property(item, (written) => {
      expect(decodeCbor(encodeCbor(written))).toEqual(written);
    }),
  );
});

test("any bytes give a CborError or an item with exactly these bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        expect(encodeCbor(decodeCbor(bytes))).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(CborError);
      }
    }),
  );
});

// Appendix A of RFC 8949.
test.each([
  ["00", cbor.integer(0)],
  ["1818", cbor.integer(24)],
  ["190100", cbor.integer(256)],
  ["1a00010000", cbor.integer(65_536)],
  ["1bffffffffffffffff", cbor.integer(MAX_NUMBER)],
  ["3bffffffffffffffff", cbor.integer(-1n - MAX_NUMBER)],
  ["3863", cbor.integer(-100)],
  ["4401020304", cbor.bytes(fromHex("01020304"))],
  ["62c3bc", cbor.text("ü")],
  ["f4", { kind: "simple", value: 20 }],
  ["f8ff", { kind: "simple", value: 255 }],
  ["f93c00", { kind: "float", bytes: fromHex("3c00") }],
  ["d9ea6080", cbor.tag(60_000, cbor.array())],
  ["a201020304", cbor.map([cbor.integer(1), cbor.integer(2)], [cbor.integer(3), cbor.integer(4)])],
] as const)("%s is read and written", (hex, value) => {
  expect(decodeCbor(fromHex(hex))).toEqual(value);
  expect(toHex(encodeCbor(value))).toBe(hex);
});

describe("CborError for", () => {
  test.each([
    ["nothing", ""],
    ["bytes after the item", "0000"],
    ["a number that fits the first byte", "1817"],
    ["a number of two bytes that fits one", "1900ff"],
    ["a number of four bytes that fits two", "1a0000ffff"],
    ["a number of eight bytes that fits four", "1b00000000ffffffff"],
    ["bytes of indefinite length", "5f4101ff"],
    ["an array of indefinite length", "9f01ff"],
    ["a map of indefinite length", "bf0101ff"],
    ["a break", "ff"],
    ["a reserved length", "1c"],
    ["a reserved simple value", "f810"],
    ["bytes cut off", "4401"],
    ["an array that promises 2^64 - 1 items", "9bffffffffffffffff00"],
    ["a tag without content", "c0"],
    ["a key twice", "a201010102"],
    ["text that is not utf-8", "61ff"],
    ["nesting 17 deep", `${"81".repeat(17)}00`],
    ["a tag 100000 deep", "c1".repeat(60_000)],
    ["over 64 KiB", `5a00010000${"00".repeat(65_536)}`],
  ])("%s", (_, hex) => {
    expect(() => decodeCbor(fromHex(hex))).toThrow(CborError);
  });
});

test("nesting 16 deep is read", () => {
  expect(() => decodeCbor(fromHex(`${"81".repeat(16)}00`))).not.toThrow();
});

test.each<[string, Cbor]>([
  ["a number beyond 64 bits", cbor.integer(2n ** 64n)],
  ["a negative tag", cbor.tag(-1, cbor.integer(0))],
  ["a reserved simple value", { kind: "simple", value: 24 }],
  ["a float of three bytes", { kind: "float", bytes: new Uint8Array(3) }],
  ["a key twice", cbor.map([cbor.text("a"), cbor.text("b")], [cbor.text("a"), cbor.text("c")])],
])("TypeError for writing %s", (_, value) => {
  expect(() => encodeCbor(value)).toThrow(TypeError);
});
