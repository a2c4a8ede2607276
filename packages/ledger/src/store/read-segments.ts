import { createHash } from "node:crypto";
import { MAX_GROUP_BYTES } from "../core/group.ts";
import { LedgerError } from "../error.ts";
import type { LedgerFiles } from "./ledger-files.ts";
import {
  createSegment,
  endOffsetFor,
  noteGroup,
  offsetFor,
  type Segment,
  splitGroups,
} from "./segment.ts";

/** Bytes that are read at once when a segment is read from end to end. */
const CHUNK_BYTES = 1024 * 1024;

/** Whole groups of the segments from index `from` on; what was read is noted in `into`. */
export async function* readGroups(
  files: LedgerFiles,
  segments: readonly Segment[],
  from: number,
  into: Segment[],
): AsyncGenerator<Uint8Array> {
  let next = from;
  let unfinished: string | undefined;
  for (const { name, first, writer } of segments) {
    if (await isZero(files, name)) continue;
    if (unfinished !== undefined) {
      throw new LedgerError("LEDGER_TAMPERED", `${unfinished} ends within a group`);
    }
    checkOrder(name, first, next);
    const segment = createSegment(first, writer);
    const size = await files.size(name);
    let rest: Uint8Array = new Uint8Array(0);
    for (let at = 0; at < size; at += CHUNK_BYTES) {
      const bytesAhead = Buffer.concat([rest, await files.read(name, at, CHUNK_BYTES)]);
      const { groups, used } = splitGroups(bytesAhead);
      for (const { header, bytes } of groups) {
        const owner = Buffer.from(header.writer).toString("hex");
        if (owner !== writer) throw foreign(name, "holds another writer's group");
        checkOrder(name, header.firstIndex, next);
        next += header.count;
        noteGroup(segment, header.count, bytes.length);
        if (segment.end - header.count === first) into.push(segment);
        yield bytes;
      }
      rest = bytesAhead.subarray(used);
      if (rest.length > MAX_GROUP_BYTES) break;
    }
    if (segment.bytes < size) unfinished = name;
  }
}

function checkOrder(name: string, found: number, next: number): void {
  if (found > next) {
    throw new LedgerError(
      "LEDGER_SEGMENT_MISSING",
      `${name} goes on at index ${found}, the ballots from ${next} are missing`,
    );
  }
  if (found < next) throw foreign(name, `has index ${found} again, ${next} comes next`);
}

function foreign(name: string, fault: string): LedgerError {
  return new LedgerError("LEDGER_SEGMENT_FOREIGN", `${name} ${fault}`);
}

/** Whether a file has nothing in it: made or reserved, and the process killed before its first group. */
async function isZero(files: LedgerFiles, name: string): Promise<boolean> {
  const start = await files.read(name, 0, MAX_GROUP_BYTES);
  return lastUsed(start) === 0;
}

/** Bytes up to the last one that is not zero. */
export function lastUsed(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end;
}

/** Gives SHA-256 over the groups of whole segments; one chunk is read while another is hashed. */
export function createDigester(
  files: LedgerFiles,
): (segments: readonly Segment[]) => Promise<Uint8Array> {
  // The same two for all volumes: 700 MB in fresh buffers are a large heap before they are collected.
  let [buffer, other] = [new Uint8Array(0), new Uint8Array(0)];
  return async (segments) => {
    const digest = createHash("sha256");
    if (buffer.length === 0) {
      [buffer, other] = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)];
    }
    for (const { name, bytes } of segments) {
      const read = async (at: number, into: Uint8Array) =>
        await files.read(name, at, Math.max(0, Math.min(CHUNK_BYTES, bytes - at)), into);
      let ahead = read(0, buffer);
      for (let at = 0; at < bytes; at += CHUNK_BYTES) {
        const chunk = await ahead;
        [buffer, other] = [other, buffer];
        ahead = read(at + CHUNK_BYTES, buffer);
        digest.update(chunk);
      }
      await ahead;
    }
    return digest.digest();
  };
}

/** Groups that hold `[from, to)`. Throws `LEDGER_TAMPERED` where they are not. */
export async function readRange(
  files: LedgerFiles,
  segments: readonly Segment[],
  from: number,
  to: number,
): Promise<readonly Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (const segment of segments) {
    if (segment.end <= from || segment.first >= to) continue;
    const start = offsetFor(segment, from);
    // The group at the last mark may reach over it.
    const end = Math.min(segment.bytes, endOffsetFor(segment, to) + MAX_GROUP_BYTES);
    const bytes = await files.read(segment.name, start, end - start);
    const { groups } = splitGroups(bytes);
    if (bytes.length === 0 || groups.length === 0) throw changed(segment);
    for (const { header, bytes: group } of groups) {
      const last = header.firstIndex + header.count;
      if (Buffer.from(header.writer).toString("hex") !== segment.writer) throw changed(segment);
      if (last > from && header.firstIndex < to) found.push(group);
    }
  }
  return found;
}

function changed({ name }: Segment): LedgerError {
  return new LedgerError("LEDGER_TAMPERED", `${name} is not as it was written`);
}
