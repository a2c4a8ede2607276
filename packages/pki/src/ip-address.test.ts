import { isIP } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatIpAddress, parseIpAddress } from "./ip-address.ts";

test("addresses of both families come back from their text", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const octets = parseIpAddress(text);
      expect(octets).toBeDefined();
      if (octets !== undefined) expect(parseIpAddress(formatIpAddress(octets))).toEqual(octets);
    }),
  );
});

test("text is an address exactly when Node says so", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(..."0123456789abf:."), maxLength: 20 }),
      (text) => {
        expect(parseIpAddress(text) !== undefined).toBe(isIP(text) !== 0 && !text.includes("%"));
      },
    ),
  );
});

test.each([
  ["::1", "::1"],
  ["0:0:0:0:0:0:0:0", "::"],
  ["2001:db8::1", "2001:db8::1"],
  ["127.0.0.1", "127.0.0.1"],
])("%s is written %s", (text, written) => {
  expect(formatIpAddress(parseIpAddress(text) ?? new Uint8Array())).toBe(written);
});
