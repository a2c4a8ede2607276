import { isDiskFull } from "./io-error.ts";
import type { LedgerFile } from "./ledger-files.ts";
import { noteGroup, type Segment } from "./segment.ts";

/** Bytes of zeros written ahead; doubled each time, so that a quiet poll has a small file. */
const FIRST_RESERVE_BYTES = 256 * 1024;
const LAST_RESERVE_BYTES = 4 * 1024 * 1024;

/** Appends groups to one file that this process made. */
export interface SegmentWriter {
  readonly segment: Segment;
  /** Durable when it resolves. One at a time. */
  append(group: Uint8Array, count: number): Promise<void>;
  /** Takes off what a failed append left; false when that fails too. */
  cutBack(): Promise<boolean>;
  /** Cuts off what was reserved and closes the file. */
  finish(): Promise<void>;
  /** Closes the file as it is, after a failure of which nobody knows what it left. */
  abandon(): Promise<void>;
}

/**
 * Writes ahead of itself: a flush of bytes that have their blocks takes half the time. What is written
 * ahead never overlaps with a group, since a group that needs more room waits for it.
 */
export function createSegmentWriter(segment: Segment, file: LedgerFile): SegmentWriter {
  let reserved = 0;
  let step = FIRST_RESERVE_BYTES;
  let reserving: Promise<void> | undefined;
  let failure: Error | undefined;

  const reserve = (): void => {
    const from = Math.max(reserved, segment.bytes);
    const to = from + step;
    step = Math.min(2 * step, LAST_RESERVE_BYTES);
    reserving = file.reserve(from, to).then(
      () => {
        reserved = to;
        reserving = undefined;
      },
      (error: unknown) => {
        // Without room ahead groups go on as long as they fit; any other failure is theirs too.
        if (!isDiskFull(error)) failure = new Error("room could not be reserved", { cause: error });
        reserving = undefined;
      },
    );
  };
  return {
    segment,
    append: async (group, count) => {
      const end = segment.bytes + group.length;
      if (end > reserved) await reserving;
      if (failure !== undefined) throw failure;
      await file.write(group, segment.bytes);
      noteGroup(segment, count, group.length);
      if (reserving === undefined && reserved - end < step / 2) reserve();
    },
    cutBack: async () => {
      await reserving;
      try {
        await file.truncate(segment.bytes);
        reserved = segment.bytes;
        step = FIRST_RESERVE_BYTES;
        return failure === undefined;
      } catch {
        return false;
      }
    },
    abandon: async () => {
      await reserving;
      await file.close();
    },
    finish: async () => {
      await reserving;
      await file.truncate(segment.bytes);
      await file.close();
    },
  };
}
