import fc from "fast-check";
import { expect, test } from "vitest";
import { createIdTable, type SlotChange, slotsFor } from "./id-table.ts";

/** Few homes and marks, so that collisions are the rule. */
const hashes = fc.record({
  low: fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1),
  high: fc.constantFrom(0, 1, 16_382, 16_383, 2 ** 32 - 1),
});

test("a full table finds every ballot among its candidates, and takes back the latest", () => {
  fc.assert(
    fc.property(fc.array(hashes, { minLength: 1, maxLength: 256 }), fc.nat(), (ids, seed) => {
      const table = createIdTable(new Uint32Array(slotsFor(256)));
      const changes: SlotChange[] = ids.map((hash, offset) => table.add(hash, offset));
      const kept = seed % ids.length;
      for (const change of changes.slice(kept).reverse()) table.undo(change);
      for (const [offset, hash] of ids.entries()) {
        const found: number[] = [];
        table.candidates(hash, found);
        expect(found.includes(offset)).toBe(offset < kept);
      }
    }),
  );
});

test("a ballot takes the place of another of the same pseudonym", () => {
  const table = createIdTable(new Uint32Array(slotsFor(256)));
  const hash = { low: 7, high: 9 };
  const found: number[] = [];
  table.add(hash, 3);
  for (let offset = 4; offset < 250; offset += 1) table.replace(hash, offset - 1, offset);
  table.candidates(hash, found);
  expect(found).toEqual([249]);
  expect(table.slots.filter((slot) => slot !== 0)).toHaveLength(1);
});

test("a volume of 262,144 ballots needs at most 7 bytes a ballot", () => {
  expect((slotsFor(2 ** 18) * 4) / 2 ** 18).toBeLessThanOrEqual(7);
});
