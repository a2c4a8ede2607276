import { concatBytes } from "@carrara/encoding";
import { type Hash, sha256 } from "@carrara/transparency";
import { assertLength, OPENING_BYTES, u16be } from "./ballot-fields.ts";
import { labelBytes, pollBytes } from "./poll-name.ts";

/** Length of a commitment, which is a ballot's code. */
export const COMMITMENT_BYTES = 32;
/** Length of what the public tree has of a ballot. */
export const ENTRY_BYTES = 33;

const LABEL = labelBytes("carrara ballot commitment v1");
const ENTRY_VERSION = new Uint8Array([0x01]);

/** What a commitment is made of. */
export interface Committed {
  readonly poll: string;
  readonly choice: number;
  /** 32 bytes. */
  readonly opening: Uint8Array;
}

/** SHA-256(label ‖ u8(len(poll)) ‖ poll ‖ u16be(choice) ‖ opening): binds the choice and hides it. */
export function commitmentOf(
  { poll, choice, opening }: Committed,
  hash: Hash = sha256,
): Uint8Array {
  assertLength("opening", opening, OPENING_BYTES);
  const name = pollBytes(poll);
  return hash(concatBytes(LABEL, new Uint8Array([name.length]), name, u16be(choice), opening));
}

/** 0x01 ‖ commitment: the entry of the public tree, 33 bytes. */
export function entryOf(commitment: Uint8Array): Uint8Array {
  assertLength("commitment", commitment, COMMITMENT_BYTES);
  return concatBytes(ENTRY_VERSION, commitment);
}
