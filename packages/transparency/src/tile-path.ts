import { TransparencyError } from "./error.ts";
import { readDecimal } from "./text-format.ts";

/** Hashes, or entries, in a whole tile. */
export const TILE_WIDTH = 256;

const MAX_LEVEL = 63;
/** Level 63, a safe integer in six parts, and a width. */
const MAX_PATH_CHARACTERS = 64;
const PATH =
  /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** One tile of a log (C2SP tlog-tiles): hashes of a level, or the entries below level 0. */
export interface Tile {
  readonly level: number | "entries";
  readonly index: number;
  /** 1 to 256; 256 is a whole tile. */
  readonly width: number;
}

/** Path of a tile below a log's prefix: `tile/<level>/<index>[.p/<width>]`. */
export function tilePath({ level, index, width }: Tile): string {
  if (level !== "entries" && !isInteger(level, 0, MAX_LEVEL)) throw new TypeError("no such level");
  if (!isInteger(index, 0, Number.MAX_SAFE_INTEGER)) throw new TypeError("no such tile index");
  if (!isInteger(width, 1, TILE_WIDTH)) throw new TypeError("no such tile width");
  const digits = index.toString();
  const parts = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g) ?? [];
  const path = parts.map((part, i) => (i < parts.length - 1 ? `x${part}` : part)).join("/");
  return `tile/${level}/${path}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** Reads the path of a tile; only the one spelling is taken. Throws `TILE_PATH_MALFORMED`. */
export function parseTilePath(path: string): Tile {
  const match = path.length > MAX_PATH_CHARACTERS ? null : PATH.exec(path);
  const [, level = "", parts = "", width = TILE_WIDTH.toString()] = match ?? [];
  const index = readDecimal(parts.replace(/[x/]/g, "").replace(/^0+(?=[0-9])/, ""));
  const tile = {
    level: level === "entries" ? ("entries" as const) : Number(level),
    index: index ?? 0,
    width: Number(width),
  };
  const known = tile.level === "entries" || tile.level <= MAX_LEVEL;
  if (match === null || index === undefined || !known || tile.width > TILE_WIDTH) throw malformed();
  if (tilePath(tile) !== path) throw malformed();
  return tile;
}

/** Width of a tile in a tree of `size` leaves: 256 when it is whole, 0 when it does not exist yet. */
export function tileWidthOf(level: number | "entries", index: number, size: number): number {
  const span = TILE_WIDTH ** (level === "entries" ? 0 : level);
  const hashes = Math.floor(size / span) - index * TILE_WIDTH;
  return Math.max(0, Math.min(TILE_WIDTH, hashes));
}

function isInteger(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

function malformed(): TransparencyError {
  return new TransparencyError("TILE_PATH_MALFORMED", "not the path of a tile");
}
