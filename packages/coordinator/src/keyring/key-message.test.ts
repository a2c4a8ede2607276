import { utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeKeyAnswer, parseKeyAnswer } from "./key-message.ts";
import { machineIdOf, openSharedKey, sealSharedKey } from "./machine-entry.ts";

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const REFUSED = { name: "CoordinatorError", code: "KEY_UNAVAILABLE" };

describe("the answer with the key", () => {
  test("reads back as it was written", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), key, (evidence, shared) => {
        const answer = { evidence, key: shared };
        expect(parseKeyAnswer(encodeKeyAnswer(answer))).toEqual(answer);
      }),
    );
  });

  test("is never mistaken for by other bytes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.json().map(utf8)), (bytes) => {
        expect(() => parseKeyAnswer(bytes)).toThrow(expect.objectContaining(REFUSED));
      }),
    );
  });

  test.each([0, 16, 31, 33])("is refused with a key of %i bytes", (length) => {
    const answer = { evidence: new Uint8Array(1), key: new Uint8Array(length) };
    expect(() => parseKeyAnswer(encodeKeyAnswer(answer))).toThrow(expect.objectContaining(REFUSED));
  });
});

describe("the entry of a machine", () => {
  test("opens under the sealing key it was made with, and no other", () => {
    fc.assert(
      fc.property(key, key, key, (shared, sealing, other) => {
        const entry = sealSharedKey(shared, sealing);
        expect(openSharedKey(entry, sealing)).toEqual(shared);
        fc.pre(Buffer.compare(sealing, other) !== 0);
        expect(openSharedKey(entry, other)).toBeUndefined();
        expect(machineIdOf(sealing)).not.toBe(machineIdOf(other));
      }),
    );
  });

  test("opens with no bit turned over, and no other bytes open", () => {
    const sealing = new Uint8Array(32).fill(7);
    const entry = sealSharedKey(new Uint8Array(32), sealing);
    for (let bit = 0; bit < entry.length * 8; bit += 1) {
      const changed = entry.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(openSharedKey(changed, sealing)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(openSharedKey(bytes, sealing)).toBeUndefined();
      }),
    );
  });

  test("has a name of 16 bytes in hex", () => {
    expect(machineIdOf(new Uint8Array(32))).toMatch(/^[0-9a-f]{32}$/);
  });
});
