import fc from "fast-check";
import { expect, test } from "vitest";
import {
  createSegment,
  decodeLayout,
  encodeLayout,
  endOffsetFor,
  noteGroup,
  offsetFor,
  segmentOfName,
} from "./segment.ts";

const counts = fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 8 });
const writer = "ab".repeat(16);

test("a layout reads as it was written", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), counts, (first, groups) => {
      const segment = createSegment(first, writer);
      for (const count of groups) noteGroup(segment, count, 92 + 68 * count);
      expect(decodeLayout(encodeLayout([segment, segment]))).toEqual([segment, segment]);
    }),
  );
});

test("what is read for a range of ballots holds their groups", () => {
  fc.assert(
    fc.property(fc.nat(1000), counts, fc.nat(), fc.nat(300), (first, groups, place, width) => {
      const segment = createSegment(first, writer);
      const starts: { readonly index: number; readonly offset: number }[] = [];
      for (const count of groups) {
        starts.push({ index: segment.end, offset: segment.bytes });
        noteGroup(segment, count, 92 + 68 * count);
      }
      const from = first + (place % (segment.end - first));
      const to = Math.min(segment.end, from + width + 1);
      const holding = starts.filter(({ index }) => index <= from).at(-1);
      const last = starts.filter(({ index }) => index < to).at(-1);
      expect(offsetFor(segment, from)).toBeLessThanOrEqual(holding?.offset ?? -1);
      expect(endOffsetFor(segment, to)).toBeGreaterThanOrEqual(last?.offset ?? Infinity);
    }),
  );
});

test.each([
  "segment-000000000000.ledger",
  `segment-0-${writer}.ledger`,
  `segment-000000000000-${writer.toUpperCase()}.ledger`,
  `segment-000000000000-${writer}.ledger.0.torn`,
  `xsegment-000000000000-${writer}.ledger`,
  "head",
])("%s is no segment", (name) => expect(segmentOfName(name)).toBeUndefined());

test("a segment has its place and its writer in its name", () => {
  const { name } = createSegment(262_144, writer);
  expect(name).toBe(`segment-000000262144-${writer}.ledger`);
  expect(segmentOfName(name)).toEqual(createSegment(262_144, writer));
});
