import { randomBytes } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isBoundTo,
  openDataKey,
  openState,
  openWitness,
  policyOfKeyFile,
  recoveryDataOf,
  sealDataKey,
  sealState,
  sealWitness,
} from "./sealing.ts";

const random = (length: number) => new Uint8Array(randomBytes(length));
const sealingKey = random(32);
const slot = sealDataKey(random(32), "unique", sealingKey);
const recovery = utf8('{"aa":true}');
const bytes = fc.uint8Array({ maxLength: 300 });
const numbers = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

function seal(recoveryData: Uint8Array, plain: Uint8Array, number = 1) {
  return sealState({ slot, wrappingKey: sealingKey, recoveryData, plain, number });
}

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
      fc.property(bytes, bytes, numbers, (recoveryData, plain, number) => {
        const pair = seal(recoveryData, plain, number);
        const opened = openDataKey(pair.key, sealingKey);
        expect(opened).toEqual(slot);
        expect(policyOfKeyFile(pair.key)).toBe("unique");
        expect(isBoundTo(pair.key, slot, pair.data)).toBe(true);
        expect(openState(pair.data, slot.dataKey)).toEqual({ number, plain });
        expect(openWitness(pair.witness, sealingKey)).toBe(number);
        expect(recoveryDataOf(pair.data)).toEqual(recoveryData);
      }),
    );
  });

  test("opens with no bit of sealed_data turned over, recovery data included", () => {
    const { data, key } = seal(recovery, utf8("state"));
    for (let bit = 0; bit < data.length * 8; bit += 1) {
      const changed = flipped(data, bit);
      expect(isBoundTo(key, slot, changed)).toBe(false);
      expect(openState(changed, slot.dataKey)).toBeUndefined();
    }
  });

  test("opens with no bit of sealed_key turned over", () => {
    const { data, key } = seal(recovery, utf8("state"));
    for (let bit = 0; bit < key.length * 8; bit += 1) {
      const changed = flipped(key, bit);
      const opened = openDataKey(changed, sealingKey);
      expect(opened !== undefined && isBoundTo(changed, opened, data)).toBe(false);
    }
  });

  test("does not open under another sealing key", () => {
    expect(openDataKey(seal(recovery, utf8("x")).key, random(32))).toBeUndefined();
  });

  test("has a witness with no bit that can be turned over, and of one key only", () => {
    const witness = sealWitness(42, sealingKey);
    expect(openWitness(witness, sealingKey)).toBe(42);
    expect(openWitness(witness, random(32))).toBeUndefined();
    for (let bit = 0; bit < witness.length * 8; bit += 1) {
      expect(openWitness(flipped(witness, bit), sealingKey)).toBeUndefined();
    }
  });

  test("is never mistaken for by other bytes, of any length", () => {
    fc.assert(
      fc.property(bytes, (other) => {
        expect(openDataKey(other, sealingKey)).toBeUndefined();
        expect(openState(other, slot.dataKey)).toBeUndefined();
        expect(isBoundTo(other, slot, other)).toBe(false);
        expect(openWitness(other, sealingKey)).toBeUndefined();
      }),
    );
  });

  test.each([0, 3, 8])("cut off after %i bytes has no recovery data", (length) => {
    const { data } = seal(recovery, utf8("state"));
    expect(() => recoveryDataOf(data.subarray(0, length))).toThrow(
      expect.objectContaining({ name: "CoordinatorError", code: "STATE_TAMPERED" }),
    );
  });
});
