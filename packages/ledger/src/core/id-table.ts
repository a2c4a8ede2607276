import type { HashPair } from "./keyed-hash.ts";

/** Bits of a slot that hold the offset in the volume; the others hold a fingerprint. */
const OFFSET_BITS = 18;
const OFFSET_MASK = 2 ** OFFSET_BITS - 1;
const FINGERPRINTS = 2 ** (32 - OFFSET_BITS) - 1;

/** Most ballots that one table can tell apart. */
export const MAX_TABLE_BALLOTS: number = 2 ** OFFSET_BITS;

/** One change of a slot, to take it back. */
export interface SlotChange {
  readonly slot: number;
  readonly before: number;
}

/**
 * Which ballots of one volume may have an id: an open-addressing table of 32-bit slots, fingerprint
 * and offset, 7 bytes a ballot. A fingerprint may deceive (once in some 5000 look-ups of a full
 * volume), so that each candidate is compared with its record.
 */
export interface IdTable {
  readonly slots: Uint32Array;
  /** Offsets that may have the id of `hash`, in no order. */
  candidates(hash: HashPair, found: number[]): void;
  /** Adds an offset; returns how to take it back. */
  add(hash: HashPair, offset: number): SlotChange;
  /** Puts `offset` where `before` was, or adds it. */
  replace(hash: HashPair, before: number, offset: number): SlotChange;
  /** Takes back the latest change. */
  undo(change: SlotChange): void;
}

/**
 * Slots for so many ballots: four sevenths full at most, where a look-up that finds nothing passes
 * three entries. At two thirds it would be five, each a chance to be deceived.
 */
export function slotsFor(ballots: number): number {
  return Math.ceil(ballots * 1.75);
}

/** A table over `slots`; all zero is empty. */
export function createIdTable(slots: Uint32Array): IdTable {
  const size = slots.length;
  const homeOf = ({ low }: HashPair): number => Math.floor((low / 0x1_0000_0000) * size);
  // Never 0, which is an empty slot.
  const markOf = ({ high }: HashPair): number => (1 + (high % FINGERPRINTS)) << OFFSET_BITS;
  const change = (slot: number, value: number): SlotChange => {
    const before = slots[slot] ?? 0;
    slots[slot] = value;
    return { slot, before };
  };
  const findSlot = (hash: HashPair, wanted: number): number => {
    for (let slot = homeOf(hash); ; slot = slot + 1 === size ? 0 : slot + 1) {
      const value = slots[slot];
      if (value === 0 || value === wanted) return slot;
    }
  };
  const slotValue = (hash: HashPair, offset: number): number => (markOf(hash) | offset) >>> 0;
  return {
    slots,
    candidates: (hash, found) => {
      const mark = markOf(hash);
      for (let slot = homeOf(hash); ; slot = slot + 1 === size ? 0 : slot + 1) {
        const value = slots[slot] ?? 0;
        if (value === 0) return;
        if (((value ^ mark) & ~OFFSET_MASK) === 0) found.push(value & OFFSET_MASK);
      }
    },
    add: (hash, offset) => change(findSlot(hash, 0), slotValue(hash, offset)),
    replace: (hash, before, offset) =>
      change(findSlot(hash, slotValue(hash, before)), slotValue(hash, offset)),
    undo: ({ slot, before }) => {
      slots[slot] = before;
    },
  };
}
