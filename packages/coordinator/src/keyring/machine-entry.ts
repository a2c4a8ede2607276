import { createHmac } from "node:crypto";
import { concatBytes, equalBytes, toHex, utf8 } from "@carrara/encoding";
import { decryptAead, encryptAead } from "../store/aead.ts";

/** Length of a machine's name, in bytes; the hardware's own key ids have as many. */
const MACHINE_ID_BYTES = 16;
const HEADER = utf8("CARRARAK");

/**
 * The name of a machine for one sealing key: the same at every start, different on every machine and
 * for every policy, and without a way back to the key (section 8.6).
 */
export function machineIdOf(sealingKey: Uint8Array): string {
  const digest = createHmac("sha256", sealingKey).update("carrara machine id").digest();
  return toHex(digest.subarray(0, MACHINE_ID_BYTES));
}

/** Seals the shared key for one machine. */
export function sealSharedKey(sharedKey: Uint8Array, sealingKey: Uint8Array): Uint8Array {
  return concatBytes(HEADER, encryptAead(sealingKey, sharedKey, HEADER));
}

/** The shared key, or undefined when the entry is another machine's or was changed. */
export function openSharedKey(entry: Uint8Array, sealingKey: Uint8Array): Uint8Array | undefined {
  if (!equalBytes(entry.subarray(0, HEADER.length), HEADER)) return undefined;
  return decryptAead(sealingKey, entry.subarray(HEADER.length), HEADER);
}
