import { concatBytes } from "@carrara/encoding";
import type { MutationContext, Mutator } from "./bytes.ts";

/** Heads of items with lengths and tags that a strict reader refuses, or can hardly have. */
const HEADS: readonly (readonly number[])[] = [
  [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x5a, 0xff, 0xff, 0xff, 0xff],
  [0x9a, 0x00, 0x01, 0x00, 0x00],
  [0x58, 0x01],
  [0x18, 0x00],
  [0x5f],
  [0x9f],
  [0xbf],
  [0xff],
  [0xd9, 0xea, 0x60],
  [0xd9, 0xea, 0x61],
  [0xdb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xf8, 0x18],
  [0xfb],
  [0x80],
  [0xa0],
];
const NESTING = [0x81, 0xa1, 0xc1, 0x82] as const;

function head(input: Uint8Array, { random }: MutationContext): Uint8Array {
  const at = random.below(input.length);
  const replaced = random.below(4);
  const octets = new Uint8Array(random.pick(HEADS));
  return concatBytes(input.subarray(0, at), octets, input.subarray(at + replaced));
}

function nest(input: Uint8Array, { random, maxBytes }: MutationContext): Uint8Array {
  const room = Math.max(0, maxBytes - input.length);
  const depth = Math.min(room, random.oneIn(8) ? random.below(20_000) : 1 + random.below(30));
  const at = random.oneIn(2) ? 0 : random.below(input.length);
  const heads = new Uint8Array(depth).fill(random.pick(NESTING));
  return concatBytes(input.subarray(0, at), heads, input.subarray(at));
}

/** Mutators of CBOR, beside those of bytes. */
export const CBOR_MUTATORS: readonly Mutator[] = [head, nest];
