import { LedgerError } from "../error.ts";
import type { LedgerFiles } from "./ledger-files.ts";
import { lastUsed } from "./read-segments.ts";
import { type Segment, splitGroups } from "./segment.ts";

const CHUNK_BYTES = 2 * 1024 * 1024;

/** What lies behind the groups that count. */
export interface SegmentTail {
  /** Bytes in all, up to the last one of each file that is not zero. */
  readonly used: number;
  readonly files: readonly {
    readonly name: string;
    /** Bytes of the groups that count. */
    readonly keep: number;
    /** Bytes behind them that are not reserved zeros. */
    readonly used: number;
  }[];
}

/** Looks at what the files hold behind the ballots below `size`. */
export async function readTail(
  files: LedgerFiles,
  segments: readonly Segment[],
  size: number,
): Promise<SegmentTail> {
  const found = [];
  for (const { name } of segments) {
    const keep = await lengthBelow(files, name, size);
    const total = await files.size(name);
    let used = 0;
    for (let at = keep; at < total; at += CHUNK_BYTES) {
      const last = lastUsed(await files.read(name, at, CHUNK_BYTES));
      if (last > 0) used = at - keep + last;
    }
    if (total > keep || total === 0) found.push({ name, keep, used });
  }
  return { used: found.reduce((sum, { used }) => sum + used, 0), files: found };
}

/** Bytes of a segment's groups that hold ballots below `size`. */
async function lengthBelow(files: LedgerFiles, name: string, size: number): Promise<number> {
  const total = await files.size(name);
  let length = 0;
  while (length < total) {
    const { groups, used } = splitGroups(await files.read(name, length, CHUNK_BYTES));
    const beyond = groups.find(({ header }) => header.firstIndex + header.count > size);
    if (beyond !== undefined) return length + beyond.at;
    if (used === 0) return length;
    length += used;
  }
  return length;
}

/** Moves torn bytes into files of their own, named after the segment and where they were. */
export async function setAside(files: LedgerFiles, tail: SegmentTail): Promise<void> {
  for (const { name, keep, used } of tail.files) {
    const bytes = await files.read(name, keep, used);
    if (bytes.length !== used) {
      throw new LedgerError("LEDGER_STORE_FAILED", `${name} changed while it was read`);
    }
    const aside = await freeName(files, `${name}.${keep}`);
    if (keep === 0) {
      await files.rename(name, aside);
      continue;
    }
    if (used > 0) await files.replace(aside, bytes);
    await files.truncate(name, keep);
  }
}

async function freeName(files: LedgerFiles, stem: string): Promise<string> {
  const taken = new Set(await files.list());
  for (let number = 0; ; number += 1) {
    const name = number === 0 ? `${stem}.torn` : `${stem}.${number}.torn`;
    if (!taken.has(name)) return name;
  }
}
