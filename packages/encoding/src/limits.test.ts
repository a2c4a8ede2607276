import { describe, expect, test } from "vitest";
import {
  DER_TAG,
  der,
  derInteger,
  encodeDer,
  encodePem,
  fromBase64,
  fromHex,
  parsePem,
  readDer,
} from "./index.ts";

describe("numbers in DER", () => {
  test("have at most 128 octets", () => {
    const largest = (1n << 1023n) - 1n;
    for (const value of [largest, -largest - 1n]) {
      expect(derInteger(readDer(der.integer(value)))).toBe(value);
      const beyond = readDer(der.integer(value < 0n ? value - 1n : value + 1n));
      expect(() => derInteger(beyond)).toThrow(expect.objectContaining({ code: "DER_MALFORMED" }));
    }
  });

  test("of a megabyte are refused before they are computed", () => {
    const node = readDer(encodeDer(DER_TAG.integer, new Uint8Array(1_000_000).fill(1)));
    const started = performance.now();
    expect(() => derInteger(node)).toThrow(expect.objectContaining({ code: "DER_MALFORMED" }));
    // It took minutes to compute.
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

test("base64 of many megabytes is read, and refused with a code", () => {
  // Patterns that keep a stack overflow it between four and eight million characters.
  const long = "A".repeat(16_000_000);
  expect(fromBase64(long)).toHaveLength(12_000_000);
  for (const text of [`${long.slice(1)}!`, `${long}===A`, `${long}A`]) {
    expect(() => fromBase64(text)).toThrow(expect.objectContaining({ code: "BASE64_MALFORMED" }));
  }
});

describe("truncations", () => {
  test.each([
    ["an integer", der.integer(1n << 70n)],
    ["a sequence", der.sequence(der.oid("1.2.840.113549"), der.octetString(new Uint8Array(200)))],
    ["a long string", der.octetString(new Uint8Array(70_000))],
    ["a time", der.time(new Date("2026-06-01T00:00:00Z"))],
  ])("of %s are refused with DER_MALFORMED", (_, good) => {
    for (let length = 0; length < good.length; length += length < 300 ? 1 : 997) {
      expect(() => readDer(good.subarray(0, length))).toThrow(
        expect.objectContaining({ code: "DER_MALFORMED" }),
      );
    }
  });

  test("of PEM that leave its first line are refused with PEM_MALFORMED", () => {
    const good = encodePem("CERTIFICATE", new Uint8Array(100)).trimEnd();
    const begun = "-----BEGIN ".length;
    expect(parsePem(good.slice(0, begun - 1))).toEqual([]);
    for (let length = begun; length < good.length; length += 1) {
      expect(() => parsePem(good.slice(0, length))).toThrow(
        expect.objectContaining({ code: "PEM_MALFORMED" }),
      );
    }
  });

  test("of hex in the middle of a byte are refused with HEX_MALFORMED", () => {
    expect(() => fromHex("abc")).toThrow(expect.objectContaining({ code: "HEX_MALFORMED" }));
  });
});
