import fc from "fast-check";
import { expect, test } from "vitest";
import { codeOf } from "./testing/code-of.ts";
import { parseTilePath, type Tile, tilePath, tileWidthOf } from "./tile-path.ts";

test.each<[string, Tile]>([
  ["tile/0/000", { level: 0, index: 0, width: 256 }],
  ["tile/0/x001/x234/067", { level: 0, index: 1_234_067, width: 256 }],
  ["tile/63/999.p/255", { level: 63, index: 999, width: 255 }],
  ["tile/entries/x001/000.p/1", { level: "entries", index: 1000, width: 1 }],
])("%s is the path of a tile", (path, tile) => {
  expect(tilePath(tile)).toBe(path);
  expect(parseTilePath(path)).toEqual(tile);
});

test("decoding undoes encoding, for tiles", () => {
  const tile = fc.record({
    level: fc.oneof(fc.nat(63), fc.constant("entries" as const)),
    index: fc.maxSafeNat(),
    width: fc.integer({ min: 1, max: 256 }),
  });
  fc.assert(
    fc.property(tile, (value) => {
      expect(parseTilePath(tilePath(value))).toEqual(value);
    }),
  );
});

test.each([
  "",
  "tile/0/0",
  "tile/0/00",
  "tile/0/0000",
  "tile/00/000",
  "tile/64/000",
  "tile/-1/000",
  "tile/0/x000/001",
  "tile/0/001/002",
  "tile/0/x001",
  "tile/0/000.p/0",
  "tile/0/000.p/256",
  "tile/0/000.p/01",
  "tile/0/000.p/",
  "tile/0/000/",
  "tile/0/000\n",
  "/tile/0/000",
  "tile/data/000",
  "tile/0/x009/x007/x199/x254/x740/992",
  `tile/0/${"x001/".repeat(20)}001`,
])("%j is TILE_PATH_MALFORMED", (path) => {
  expect(codeOf(() => parseTilePath(path))).toBe("TILE_PATH_MALFORMED");
});

test("a tree of 70,000 leaves has the tiles of the specification's example", () => {
  expect(tileWidthOf(0, 272, 70_000)).toBe(256);
  expect(tileWidthOf(0, 273, 70_000)).toBe(112);
  expect(tileWidthOf(0, 274, 70_000)).toBe(0);
  expect(tileWidthOf(1, 0, 70_000)).toBe(256);
  expect(tileWidthOf(1, 1, 70_000)).toBe(17);
  expect(tileWidthOf(2, 0, 70_000)).toBe(1);
  expect(tileWidthOf(3, 0, 70_000)).toBe(0);
  expect(tileWidthOf(1, 0, 256)).toBe(1);
  expect(tileWidthOf("entries", 273, 70_000)).toBe(112);
  expect(tileWidthOf(63, 0, Number.MAX_SAFE_INTEGER)).toBe(0);
});

test("a tile that cannot be is a mistake of the caller", () => {
  const good = { level: 0, index: 0, width: 1 };
  for (const wrong of [
    { level: 64 },
    { level: 0.5 },
    { index: -1 },
    { width: 0 },
    { width: 257 },
  ]) {
    expect(() => tilePath({ ...good, ...wrong })).toThrow(TypeError);
  }
});
