import { concatBytes, utf8 } from "@carrara/encoding";

const POLL_NAME = /^[a-z0-9.-]{1,64}$/;

/** Whether `name` may name a poll: 1 to 64 characters of `a-z 0-9 . -`. */
export function isPollName(name: string): boolean {
  return POLL_NAME.test(name);
}

/** Bytes of a poll's name. Throws a TypeError when it cannot be one. */
export function pollBytes(poll: string): Uint8Array {
  if (!isPollName(poll)) throw new TypeError("a poll's name has 1 to 64 characters of a-z 0-9 . -");
  return utf8(poll);
}

/** `label` ‖ 0x00: what keeps the uses of a hash or key apart. */
export function labelBytes(label: string): Uint8Array {
  return concatBytes(utf8(label), new Uint8Array(1));
}
