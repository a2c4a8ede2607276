import { randomBytes } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isBoundTo,
  openDataKey,
  openState,
  policyOfKeyFile,
  recoveryDataOf,
  sealDataKey,
  sealState,
} from "./sealing.ts";

const random = (length: number) => new Uint8Array(randomBytes(length));
const sealingKey = random(32);
const slot = sealDataKey(random(32), "unique", sealingKey);
const recovery = utf8('{"aa":true}');
const bytes = fc.uint8Array({ maxLength: 300 });

/** `original` with one bit turned over. */
function flipped(original: Uint8Array, bit: number): Uint8Array {
  const copy = original.slice();
  const at = bit % (copy.length * 8);
  copy[at >> 3] = (copy[at >> 3] ?? 0) ^ (1 << (at & 7));
  return copy;
}

describe("a sealed pair", () => {
  test("opens to what was sealed", () => {
    fc.assert(
      fc.property(bytes, bytes, (recoveryData, plain) => {
        const pair = sealState(slot, recoveryData, plain);
        const opened = openDataKey(pair.key, sealingKey);
        expect(opened).toEqual(slot);
        expect(policyOfKeyFile(pair.key)).toBe("unique");
        expect(isBoundTo(pair.key, slot, pair.data)).toBe(true);
        expect(openState(pair.data, slot.dataKey)).toEqual(plain);
        expect(recoveryDataOf(pair.data)).toEqual(recoveryData);
      }),
    );
  });

  test("opens with no bit of sealed_data turned over, recovery data included", () => {
    const { data, key } = sealState(slot, recovery, utf8("state"));
    for (let bit = 0; bit < data.length * 8; bit += 1) {
      const changed = flipped(data, bit);
      expect(isBoundTo(key, slot, changed)).toBe(false);
      expect(openState(changed, slot.dataKey)).toBeUndefined();
    }
  });

  test("opens with no bit of sealed_key turned over", () => {
    const { data, key } = sealState(slot, recovery, utf8("state"));
    for (let bit = 0; bit < key.length * 8; bit += 1) {
      const changed = flipped(key, bit);
      const opened = openDataKey(changed, sealingKey);
      expect(opened !== undefined && isBoundTo(changed, opened, data)).toBe(false);
    }
  });

  test("does not open under another sealing key", () => {
    expect(openDataKey(sealState(slot, recovery, utf8("x")).key, random(32))).toBeUndefined();
  });

  test("is never mistaken for by other bytes, of any length", () => {
    fc.assert(
      fc.property(bytes, (other) => {
        expect(openDataKey(other, sealingKey)).toBeUndefined();
        expect(openState(other, slot.dataKey)).toBeUndefined();
        expect(isBoundTo(other, slot, other)).toBe(false);
      }),
    );
  });

  test.each([0, 3, 8])("cut off after %i bytes has no recovery data", (length) => {
    const { data } = sealState(slot, recovery, utf8("state"));
    expect(() => recoveryDataOf(data.subarray(0, length))).toThrow(
      expect.objectContaining({ name: "CoordinatorError", code: "STATE_TAMPERED" }),
    );
  });
});
