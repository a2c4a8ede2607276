import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeGuestPolicy,
  decodePlatformInfo,
  encodeGuestPolicy,
  isWellFormedPolicy,
} from "./guest-policy.ts";

test("a guest policy comes back from its word", () => {
  const flags = fc.tuple(...Array.from({ length: 9 }, () => fc.boolean()));
  fc.assert(
    fc.property(
      fc.nat(255),
      fc.nat(255),
      flags,
      (abiMinor, abiMajor, [a, b, c, d, e, f, g, h, i]) => {
        const policy = {
          ...{ abiMinor, abiMajor, smt: a, migrateMa: b, debug: c, singleSocket: d, cxlAllow: e },
          ...{ memAes256Xts: f, raplDis: g, ciphertextHiding: h, pageSwapDisable: i },
        };
        const word = encodeGuestPolicy(policy as Parameters<typeof encodeGuestPolicy>[0]);
        expect(decodeGuestPolicy(word)).toEqual(policy);
        expect(isWellFormedPolicy(word)).toBe(true);
      },
    ),
  );
});

test.each([
  [16n, "smt"],
  [18n, "migrateMa"],
  [19n, "debug"],
  [20n, "singleSocket"],
  [21n, "cxlAllow"],
  [22n, "memAes256Xts"],
  [23n, "raplDis"],
  [24n, "ciphertextHiding"],
  [25n, "pageSwapDisable"],
])("bit %i of a guest policy is %s", (bit, name) => {
  const set = Object.entries(decodeGuestPolicy(1n << bit)).filter(([, value]) => value === true);
  expect(set).toEqual([[name, true]]);
});

test.each([
  [0n, "smt"],
  [1n, "tsme"],
  [2n, "ecc"],
  [3n, "raplDis"],
  [4n, "ciphertextHiding"],
  [5n, "aliasCheckComplete"],
  [7n, "tio"],
])("bit %i of the platform info is %s", (bit, name) => {
  const set = Object.entries(decodePlatformInfo(1n << bit)).filter(([, value]) => value);
  expect(set).toEqual([[name, true]]);
});

test("bits that nobody may choose make a policy malformed", () => {
  expect(isWellFormedPolicy(0n)).toBe(false);
  for (const bit of [26n, 40n, 63n])
    expect(isWellFormedPolicy((1n << 17n) | (1n << bit))).toBe(false);
});
