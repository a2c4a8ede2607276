import { type ParsedHeader, parseGroupHeader } from "../core/group.ts";
import { WRITER_BYTES } from "../core/ledger-keys.ts";
import { TILE_WIDTH } from "../core/stored-nodes.ts";

const NAME = /^segment-([0-9]{12})-([0-9a-f]{32})\.ledger$/;
const INDEX_DIGITS = 12;

/** A file of groups: one process' writing in one volume. */
export interface Segment {
  readonly name: string;
  /** Index of its first ballot. */
  readonly first: number;
  /** In lower-case hex. */
  readonly writer: string;
  /** Bytes of its whole groups, as far as they are known. */
  bytes: number;
  /** Ballots in them end here. */
  end: number;
  /** For each tile from that of the first ballot on: where the group with its first ballot starts. */
  readonly marks: number[];
}

/** A segment without groups yet. */
export function createSegment(first: number, writer: string): Segment {
  const name = `segment-${first.toString().padStart(INDEX_DIGITS, "0")}-${writer}.ledger`;
  return { name, first, writer, bytes: 0, end: first, marks: [] };
}

/** The segment of a file name, undefined for other files. */
export function segmentOfName(name: string): Segment | undefined {
  const [, first, writer] = NAME.exec(name) ?? [];
  return first === undefined || writer === undefined
    ? undefined
    : createSegment(Number(first), writer);
}

/** Notes that a group follows. */
export function noteGroup(segment: Segment, count: number, groupBytes: number): void {
  const firstTile = Math.floor(segment.first / TILE_WIDTH);
  const end = segment.end + count;
  for (
    let tile = firstTile + segment.marks.length;
    Math.max(tile * TILE_WIDTH, segment.first) < end;
    tile += 1
  ) {
    segment.marks.push(segment.bytes);
  }
  segment.end = end;
  segment.bytes += groupBytes;
}

/** Where to begin to read for the ballot `index`: at its group, or some before it. */
export function offsetFor(segment: Segment, index: number): number {
  const tile = Math.floor(index / TILE_WIDTH) - Math.floor(segment.first / TILE_WIDTH);
  return segment.marks[tile] ?? 0;
}

/** Where reading for the ballots below `to` may end. */
export function endOffsetFor(segment: Segment, to: number): number {
  const tile = Math.ceil(to / TILE_WIDTH) - Math.floor(segment.first / TILE_WIDTH);
  return segment.marks[tile] ?? segment.bytes;
}

/** A whole group among others. */
export interface FoundGroup {
  readonly header: ParsedHeader;
  /** Where it starts. */
  readonly at: number;
  /** A view. */
  readonly bytes: Uint8Array;
}

/** Whole groups at the start of `bytes`, and how many bytes they are. */
export function splitGroups(bytes: Uint8Array): {
  readonly groups: readonly FoundGroup[];
  readonly used: number;
} {
  const groups: FoundGroup[] = [];
  let used = 0;
  for (;;) {
    const header = parseGroupHeader(bytes, used);
    if (header === undefined || used + header.groupBytes > bytes.length) return { groups, used };
    groups.push({ header, at: used, bytes: bytes.subarray(used, used + header.groupBytes) });
    used += header.groupBytes;
  }
}

const FIXED_BYTES = 6 + WRITER_BYTES + 6 + 4 + 4;

/** Segments of a full volume as its index keeps them. */
export function encodeLayout(segments: readonly Segment[]): Uint8Array {
  const parts = segments.map(({ first, writer, end, bytes, marks }) => {
    const part = Buffer.alloc(FIXED_BYTES + 4 * marks.length);
    part.writeUIntBE(first, 0, 6);
    part.write(writer, 6, "hex");
    part.writeUIntBE(end, 6 + WRITER_BYTES, 6);
    part.writeUInt32BE(bytes, 12 + WRITER_BYTES);
    part.writeUInt32BE(marks.length, 16 + WRITER_BYTES);
    marks.forEach((mark, i) => {
      part.writeUInt32BE(mark, FIXED_BYTES + 4 * i);
    });
    return part;
  });
  return new Uint8Array(Buffer.concat(parts));
}

/** Reads what {@link encodeLayout} wrote; the bytes were authenticated before. */
export function decodeLayout(layout: Uint8Array): Segment[] {
  const bytes = Buffer.from(layout.buffer, layout.byteOffset, layout.length);
  const segments: Segment[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes.readUIntBE(at, 6);
    const writer = bytes.toString("hex", at + 6, at + 6 + WRITER_BYTES);
    const segment = createSegment(first, writer);
    segment.end = bytes.readUIntBE(at + 6 + WRITER_BYTES, 6);
    segment.bytes = bytes.readUInt32BE(at + 12 + WRITER_BYTES);
    const marks = bytes.readUInt32BE(at + 16 + WRITER_BYTES);
    for (let i = 0; i < marks; i += 1) {
      segment.marks.push(bytes.readUInt32BE(at + FIXED_BYTES + 4 * i));
    }
    segments.push(segment);
    at += FIXED_BYTES + 4 * marks;
  }
  return segments;
}
