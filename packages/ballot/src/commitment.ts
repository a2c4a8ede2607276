import { concatBytes } from "@carrara/encoding";
import { type Hash, sha256 } from "@carrara/transparency";
import { assertLength, OPENING_BYTES, u16be } from "./ballot-fields.ts";
import { labelBytes, pollBytes } from "./poll-name.ts";

/** Length of a commitment, which is a ballot's code. */
export const COMMITMENT_BYTES = 32;
/** Length of what the public tree has of a ballot. */
export const ENTRY_BYTES = 33;

const LABEL = labelBytes("carrara ballot commitment v1");
const CHOICE_BYTES = 2;
const ENTRY_VERSION = new Uint8Array([0x01]);

/** What a commitment is made of. */
export interface Committed {
  readonly poll: string;
  readonly choice: number;
  /** 32 bytes. */
  readonly opening: Uint8Array;
}

/** SHA-256(label ‖ u8(len(poll)) ‖ poll ‖ u16be(choice) ‖ opening): binds the choice and hides it. */
export function commitmentOf({ poll, choice, opening }: Committed): Uint8Array {
  return createCommitter(poll)(choice, opening);
}

/** Makes commitments of one poll, all that is the same for each of them done once. `hash` is SHA-256. */
export function createCommitter(
  poll: string,
  hash: Hash = sha256,
): (choice: number, opening: Uint8Array) => Uint8Array {
  const name = pollBytes(poll);
  const before = concatBytes(LABEL, new Uint8Array([name.length]), name);
  const input = concatBytes(before, new Uint8Array(CHOICE_BYTES + OPENING_BYTES));
  return (choice, opening) => {
    assertLength("opening", opening, OPENING_BYTES);
    input.set(u16be(choice), before.length);
    input.set(opening, before.length + CHOICE_BYTES);
    return hash(input);
  };
}

/** 0x01 ‖ commitment: the entry of the public tree, 33 bytes. */
export function entryOf(commitment: Uint8Array): Uint8Array {
  assertLength("commitment", commitment, COMMITMENT_BYTES);
  return concatBytes(ENTRY_VERSION, commitment);
}
