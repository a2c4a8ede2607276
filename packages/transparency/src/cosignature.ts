import { concatBytes, utf8 } from "@carrara/encoding";
import { parseCheckpoint } from "./checkpoint.ts";
import { ED25519_SIGNATURE_BYTES, verifyEd25519 } from "./ed25519.ts";
import type { NoteSignature, SignedNote } from "./note.ts";
import {
  assertType,
  type Ed25519Sign,
  invalidSignature,
  signaturesOf,
  signWith,
} from "./note-signature.ts";
import type { VerifierKey } from "./verifier-key.ts";

const TIME_BYTES = 8;

/** A witness' word that it saw a checkpoint, consistent with all before, at a time. */
export interface Cosignature {
  /** Seconds since 1970. */
  readonly timeSeconds: number;
}

/**
 * Cosigns the checkpoint `text` (a note's text) with the key behind `key`, of the type `cosignature`
 * (C2SP tlog-cosignature, `cosignature/v1`). Throws `CHECKPOINT_MALFORMED`.
 */
export function cosignCheckpoint(
  text: string,
  key: VerifierKey,
  sign: Ed25519Sign,
  timeSeconds: number,
): NoteSignature {
  assertType(key, "cosignature");
  parseCheckpoint(text);
  if (!Number.isSafeInteger(timeSeconds) || timeSeconds < 0) {
    throw new TypeError(`${timeSeconds} is no time in whole seconds`);
  }
  const time = new Uint8Array(TIME_BYTES);
  new DataView(time.buffer).setBigUint64(0, BigInt(timeSeconds));
  const signature = signWith(sign, cosignedMessage(text, timeSeconds));
  return { name: key.name, keyHash: key.keyHash, signature: concatBytes(time, signature) };
}

/**
 * Verifies that the witness `key` cosigned the checkpoint; every signature that claims to be by it must
 * be, the latest time counts. Throws `CHECKPOINT_MALFORMED`, `SIGNATURE_MISSING`, `SIGNATURE_INVALID`.
 */
export async function verifyCosignature(note: SignedNote, key: VerifierKey): Promise<Cosignature> {
  assertType(key, "cosignature");
  parseCheckpoint(note.text);
  let latest = 0;
  for (const { signature } of signaturesOf(note, key)) {
    latest = Math.max(latest, await verifyOne(note.text, key, signature));
  }
  return { timeSeconds: latest };
}

async function verifyOne(text: string, key: VerifierKey, signature: Uint8Array): Promise<number> {
  if (signature.length !== TIME_BYTES + ED25519_SIGNATURE_BYTES) throw invalidSignature(key);
  const time = Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0));
  if (!Number.isSafeInteger(time)) throw invalidSignature(key);
  const bytes = signature.subarray(TIME_BYTES);
  const genuine = await verifyEd25519(key.publicKey, bytes, cosignedMessage(text, time));
  if (!genuine) throw invalidSignature(key);
  return time;
}

function cosignedMessage(text: string, timeSeconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${timeSeconds}\n${text}`);
}
