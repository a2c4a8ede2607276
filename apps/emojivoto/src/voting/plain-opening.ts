import { createHmac, hkdfSync } from "node:crypto";
import { isPollName } from "@carrara/ballot";

const KEY_BYTES = 32;

/**
 * Openings for votes that come without one, 32 bytes: a secret function of ballot id and choice. A vote
 * that is sent twice has the same commitment twice, which is how the ledger knows it again; to everybody
 * else the opening is random.
 */
export function createPlainOpenings(
  ledgerKey: Uint8Array,
  poll: string,
): (ballotId: Uint8Array, choice: number) => Uint8Array {
  if (!isPollName(poll)) throw new TypeError("no name of a poll");
  const info = `carrara ballot plain opening v1\0${poll}`;
  const key = Buffer.from(hkdfSync("sha256", ledgerKey, "", info, KEY_BYTES));
  const choiceBytes = Buffer.alloc(2);
  return (ballotId, choice) => {
    choiceBytes.writeUInt16BE(choice);
    return createHmac("sha256", key).update(ballotId).update(choiceBytes).digest();
  };
}
