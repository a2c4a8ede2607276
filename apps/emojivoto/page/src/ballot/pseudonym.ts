import { PSEUDONYM_BYTES, type RevoteRule } from "@carrara/ballot";
import { fromHex, toHex } from "@carrara/encoding";
import { readStored, writeStored } from "../ui/stored.ts";

/**
 * What this browser is called in a poll: random, kept here, told to the voting service alone and
 * inside the sealed ballot. None (all zero) where every ballot counts, since nobody needs it then.
 */
export function pseudonymFor(poll: string, revote: RevoteRule): Uint8Array {
  if (revote === "unlimited") return new Uint8Array(PSEUDONYM_BYTES);
  const key = `carrara.pseudonym.${poll}`;
  const kept = readStored(key) ?? "";
  if (kept.length === 2 * PSEUDONYM_BYTES && /^[0-9a-f]+$/.test(kept)) return fromHex(kept);
  const made = crypto.getRandomValues(new Uint8Array(PSEUDONYM_BYTES));
  writeStored(key, toHex(made));
  return made;
}
