import fc from "fast-check";
import { expect, test } from "vitest";
import { LedgerError } from "../error.ts";
import { openHead, sealHead } from "./head.ts";
import { deriveLedgerKeys } from "./ledger-keys.ts";
import { openVolumeIndex, sealVolumeIndex, type VolumeIndex } from "./volume-index.ts";

const keys = deriveLedgerKeys(new Uint8Array(32).fill(1), "test");
const writer = new Uint8Array(16).fill(9);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const heads = fc.record({ size: fc.integer({ min: 0, max: 2 ** 47 }), chain: bytes(32) });
const indexes: fc.Arbitrary<VolumeIndex> = fc.record({
  volume: fc.nat(2 ** 20),
  chain: bytes(32),
  previous: bytes(32),
  digest: bytes(32),
  superseded: fc.nat(2 ** 30),
  votes: fc.array(fc.nat(2 ** 30), { maxLength: 9 }).map((votes) => Float64Array.from(votes)),
  tileRoots: bytes(64),
  ids: fc.array(fc.nat(2 ** 31 - 1), { maxLength: 9 }).map((ids) => Uint32Array.from(ids)),
  pseudonyms: fc.constant(new Uint32Array(0)),
  layout: fc.uint8Array({ maxLength: 50 }),
});

test("a head opens to what was sealed; the longer ledger's slot counts", () => {
  fc.assert(
    fc.property(heads, heads, fc.nat(2 ** 40), (one, other, counter) => {
      const slots = [
        sealHead(keys, writer, counter, one),
        sealHead(keys, writer, 1, other),
      ] as const;
      const found = openHead(keys, slots);
      const newest = other.size > one.size ? other : one;
      expect(found?.head.size).toBe(newest.size);
      expect(new Uint8Array(found?.head.chain ?? [])).toEqual(newest.chain);
      expect(found?.slot).toBe(newest === other && one !== other ? 1 : 0);
      expect(found?.otherTorn).toBe(false);
    }),
  );
  expect(openHead(keys, [undefined, undefined])).toBeUndefined();
});

test("no flipped bit of a head's slot passes: the other slot counts, or nothing opens", () => {
  fc.assert(
    fc.property(heads, fc.nat(), fc.nat(7), (head, place, bit) => {
      const slot = sealHead(keys, writer, 1, head);
      const good = sealHead(keys, writer, 2, { ...head, size: 0 });
      const at = place % slot.length;
      slot[at] = (slot[at] ?? 0) ^ (1 << bit);
      expect(openHead(keys, [slot, good])).toMatchObject({ slot: 1, otherTorn: true });
      expect(() => openHead(keys, [slot, undefined])).toThrow(LedgerError);
    }),
  );
});

test("any bytes as a head are LEDGER_TAMPERED, or of a wrong key", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 120 }), (random) => {
      expect(() => openHead(keys, [random, undefined])).toThrow(LedgerError);
    }),
  );
});

test("an index opens to what was sealed, as its own volume alone", () => {
  fc.assert(
    fc.property(indexes, (index) => {
      const sealed = sealVolumeIndex(keys, writer, index);
      expect(openVolumeIndex(keys, index.volume, sealed)).toEqual(index);
      expect(() => openVolumeIndex(keys, index.volume + 1, sealed)).toThrow(
        expect.objectContaining({ code: "LEDGER_TAMPERED" }),
      );
    }),
  );
});

test("no flipped bit of an index passes, nor do any other bytes", () => {
  fc.assert(
    fc.property(indexes, fc.nat(), fc.nat(7), (index, place, bit) => {
      const sealed = sealVolumeIndex(keys, writer, index);
      const at = place % sealed.length;
      expect(() => openVolumeIndex(keys, index.volume, sealed.subarray(0, at))).toThrow(
        LedgerError,
      );
      sealed[at] = (sealed[at] ?? 0) ^ (1 << bit);
      expect(() => openVolumeIndex(keys, index.volume, sealed)).toThrow(LedgerError);
    }),
  );
});
