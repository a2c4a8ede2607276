import { toHex } from "@carrara/encoding";
import { createVerifierKey, sha256, type VerifierKey } from "@carrara/transparency";
import { pollBytes } from "./poll-name.ts";

const KEY_DIGITS = 16;
const NAME = /^carrara\.ballot\/([a-z0-9.-]{1,64})\/[0-9a-f]{16}$/;

/** `carrara.ballot/<poll>/<first 16 hex digits of SHA-256(public key)>`: a log names its poll and key. */
export function logOriginOf(poll: string, publicKey: Uint8Array): string {
  pollBytes(poll);
  return `carrara.ballot/${poll}/${toHex(sha256(publicKey)).slice(0, KEY_DIGITS)}`;
}

/** The verifier key of a poll's log; its name is the log's origin. */
export function logKeyOf(poll: string, publicKey: Uint8Array): VerifierKey {
  return createVerifierKey(logOriginOf(poll, publicKey), "ed25519", publicKey);
}

/** The poll whose log `key` signs; undefined when its name is not made of a poll and this very key. */
export function pollOfLogKey(key: VerifierKey): string | undefined {
  const poll = NAME.exec(key.name)?.[1];
  const genuine =
    poll !== undefined && key.type === "ed25519" && key.name === logOriginOf(poll, key.publicKey);
  return genuine ? poll : undefined;
}
