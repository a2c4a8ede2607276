import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { combineShares, splitSecret } from "./shamir.ts";

const random = (length: number) => new Uint8Array(randomBytes(length));

describe("Shamir shares", () => {
  test("any threshold of them restores the secret", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.integer({ min: 2, max: 8 }),
        fc.integer({ min: 0, max: 4 }),
        fc.infiniteStream(fc.nat()),
        (secret, threshold, more, order) => {
          const shares = splitSecret(secret, threshold + more, threshold, random);
          const shuffled = shares
            .map((share) => ({ share, key: order.next().value }))
            .sort((a, b) => a.key - b.key)
            .map(({ share }) => share);
          expect(combineShares(shuffled.slice(0, threshold))).toEqual(secret);
        },
      ),
    );
  });

  test("one too few gives another value", () => {
    const secret = random(32);
    const shares = splitSecret(secret, 5, 3, random);
    expect(combineShares(shares.slice(0, 2))).not.toEqual(secret);
  });

  // By hand: coefficient 2, secret 1, x = 1 and 2 in GF(2^8): 1 ^ 2·1 = 3 and 1 ^ 2·2 = 5.
  test("are y bytes, then x, over the AES field", () => {
    const shares = splitSecret(new Uint8Array([1]), 2, 2, () => new Uint8Array([2]));
    expect(shares).toEqual([new Uint8Array([3, 1]), new Uint8Array([5, 2])]);
  });

  test.each([
    ["equal x", [new Uint8Array([1, 1]), new Uint8Array([2, 1])]],
    ["x of zero", [new Uint8Array([1, 0]), new Uint8Array([2, 1])]],
    ["unequal lengths", [new Uint8Array([1, 1]), new Uint8Array([1, 2, 2])]],
    ["no share", []],
  ])("with %s are refused", (_, shares) => {
    expect(() => combineShares(shares)).toThrow(
      expect.objectContaining({ code: "RECOVERY_SECRET_INVALID" }),
    );
  });

  test.each([
    [3, 1],
    [3, 4],
    [256, 2],
  ])("%i shares with threshold %i are a caller's mistake", (count, threshold) => {
    expect(() => splitSecret(new Uint8Array(1), count, threshold, random)).toThrow(TypeError);
  });
});
