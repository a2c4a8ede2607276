import { concatBytes } from "@carrara/encoding";
import type { Random } from "../random.ts";

/** What a mutator may use beside its input. */
export interface MutationContext {
  readonly random: Random;
  /** Another good input of the same target, perhaps the same one. */
  readonly other: Uint8Array;
  /** How far an input may grow. */
  readonly maxBytes: number;
}

/** Gives a changed copy of `input`, which stays as it is. */
export type Mutator = (input: Uint8Array, context: MutationContext) => Uint8Array;

/** Values at which lengths, counts and versions turn over. */
const EDGES = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x100n,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x1_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1f_ffff_ffff_ffffn,
  0x20_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0xffff_ffff_ffff_ffffn,
] as const;
const EDGE_BYTES = [0, 1, 0x1f, 0x20, 0x30, 0x7f, 0x80, 0x84, 0x9f, 0xbf, 0xff] as const;
const WIDTHS = [1, 2, 4, 8] as const;
/** Longest piece that is cut, copied or put in at once, but for growth. */
const MAX_PIECE = 96;

function flipBit(input: Uint8Array, { random }: MutationContext): Uint8Array {
  const out = input.slice();
  const at = random.below(out.length);
  if (out.length > 0) out[at] = (out[at] ?? 0) ^ (1 << random.below(8));
  return out;
}

function setByte(input: Uint8Array, { random }: MutationContext): Uint8Array {
  const out = input.slice();
  const value = random.oneIn(2) ? random.pick(EDGE_BYTES) : random.below(256);
  if (out.length > 0) out[random.below(out.length)] = value;
  return out;
}

/** An edge value, or a length of this very input, in either byte order; also where counts stand. */
function setInteger(input: Uint8Array, { random }: MutationContext): Uint8Array {
  const width = random.pick(WIDTHS);
  const out = input.slice();
  if (out.length < width) return out;
  const near = BigInt(Math.max(0, input.length - random.below(64)));
  const value = random.oneIn(4) ? near : random.pick(EDGES);
  const isLittle = random.oneIn(2);
  const start = random.below(out.length - width + 1);
  for (let i = 0; i < width; i += 1) {
    const at = start + (isLittle ? i : width - 1 - i);
    out[at] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
  return out;
}

/** A number that is there, one up, one down or twice as large: what is near a good length. */
function nudgeInteger(input: Uint8Array, { random }: MutationContext): Uint8Array {
  const out = input.slice();
  const at = random.below(out.length);
  const had = out[at] ?? 0;
  if (out.length > 0) out[at] = random.pick([had + 1, had - 1, had * 2, had + 16, had - 16]) & 0xff;
  return out;
}

function truncate(input: Uint8Array, { random }: MutationContext): Uint8Array {
  const kept = random.oneIn(2) ? input.length - 1 - random.below(16) : random.below(input.length);
  return input.slice(0, Math.max(0, kept));
}

function append(input: Uint8Array, { random, maxBytes }: MutationContext): Uint8Array {
  if (input.length + MAX_PIECE > maxBytes) return input.slice();
  return concatBytes(input, random.bytes(1 + random.below(MAX_PIECE)));
}

function insert(input: Uint8Array, { random, maxBytes }: MutationContext): Uint8Array {
  if (input.length + MAX_PIECE > maxBytes) return input.slice();
  const length = 1 + random.below(MAX_PIECE);
  const piece = random.oneIn(2)
    ? random.bytes(length)
    : new Uint8Array(length).fill(random.pick(EDGE_BYTES));
  const at = random.below(input.length + 1);
  return concatBytes(input.subarray(0, at), piece, input.subarray(at));
}

/** Start and end of a piece of `bytes`. */
function pieceOf(bytes: Uint8Array, random: Random): readonly [number, number] {
  const length = Math.min(bytes.length, 1 + random.below(MAX_PIECE));
  const start = random.below(bytes.length - length + 1);
  return [start, start + length];
}

function remove(input: Uint8Array, { random }: MutationContext): Uint8Array {
  const [start, end] = pieceOf(input, random);
  return concatBytes(input.subarray(0, start), input.subarray(end));
}

function duplicate(input: Uint8Array, { random, maxBytes }: MutationContext): Uint8Array {
  const [start, end] = pieceOf(input, random);
  if (input.length + end - start > maxBytes) return input.slice();
  return concatBytes(input.subarray(0, end), input.subarray(start));
}

function overwrite(input: Uint8Array, { random, other }: MutationContext): Uint8Array {
  const out = input.slice();
  const [start, end] = pieceOf(other, random);
  const piece = other.subarray(start, Math.min(end, start + out.length));
  const at = random.oneIn(2) ? start : random.below(out.length);
  out.set(piece, Math.max(0, Math.min(at, out.length - piece.length)));
  return out;
}

function fill(input: Uint8Array, { random }: MutationContext): Uint8Array {
  const out = input.slice();
  const [start, end] = pieceOf(input, random);
  return out.fill(random.pick(EDGE_BYTES), start, end);
}

/** The beginning of one good input and the end of another, cut at the same place or anywhere. */
function splice(input: Uint8Array, { random, other, maxBytes }: MutationContext): Uint8Array {
  const at = random.below(input.length + 1);
  const from = random.oneIn(2) ? Math.min(at, other.length) : random.below(other.length + 1);
  return concatBytes(input.subarray(0, at), other.subarray(from)).slice(0, maxBytes);
}

/** Grows to the target's limit by repeating a piece: what costs more than linear time shows here. */
function grow(input: Uint8Array, { random, maxBytes }: MutationContext): Uint8Array {
  if (!random.oneIn(50) || input.length === 0 || input.length >= maxBytes) return input.slice();
  const [start, end] = pieceOf(input, random);
  const out = new Uint8Array(input.length + random.below(maxBytes - input.length));
  out.set(input.subarray(0, end));
  const tail = input.subarray(end);
  const last = out.length - tail.length;
  // What is filled doubles each time, from the piece on.
  for (let at = end; at < last; at += at - start) out.copyWithin(at, start, Math.min(at, last));
  out.set(tail, last);
  return out;
}

/** Mutators of anything that is bytes. */
export const BYTE_MUTATORS: readonly Mutator[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  setInteger,
  setInteger,
  nudgeInteger,
  truncate,
  append,
  insert,
  remove,
  duplicate,
  overwrite,
  fill,
  splice,
  grow,
];
