import { utf8 } from "@carrara/encoding";
import { ED25519_SIGNATURE_BYTES, verifyEd25519 } from "./ed25519.ts";
import { TransparencyError } from "./error.ts";
import type { NoteSignature, SignedNote } from "./note.ts";
import { isNoteText } from "./text-format.ts";
import type { VerifierKey, VerifierKeyType } from "./verifier-key.ts";

/** Signs a message with the Ed25519 key that the caller holds; 64 bytes. */
export type Ed25519Sign = (message: Uint8Array) => Uint8Array;

/** Signs a note's text with the key behind `key`, which must be of the type `ed25519`. */
export function signNote(text: string, key: VerifierKey, sign: Ed25519Sign): NoteSignature {
  assertType(key, "ed25519");
  if (!text.endsWith("\n") || !isNoteText(text)) {
    throw new TypeError("the text of a note ends with a newline and has no control characters");
  }
  return { name: key.name, keyHash: key.keyHash, signature: signWith(sign, utf8(text)) };
}

/**
 * Verifies that `key`, of the type `ed25519`, signed the note; every signature that claims to be by it
 * must be. Throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID`.
 */
export async function verifyNote(note: SignedNote, key: VerifierKey): Promise<void> {
  assertType(key, "ed25519");
  const message = utf8(note.text);
  for (const { signature } of signaturesOf(note, key)) {
    if (!(await verifyEd25519(key.publicKey, signature, message))) throw invalidSignature(key);
  }
}

/** Signatures under the name and key hash of `key`. Throws `SIGNATURE_MISSING`. */
export function signaturesOf(note: SignedNote, key: VerifierKey): readonly NoteSignature[] {
  const claimed = note.signatures.filter(
    ({ name, keyHash }) => name === key.name && keyHash === key.keyHash,
  );
  if (claimed.length > 0) return claimed;
  throw new TransparencyError("SIGNATURE_MISSING", "note is not signed by the key that is needed");
}

/** The refusal of a signature that is not by the key whose name and hash it has. */
export function invalidSignature(key: VerifierKey): TransparencyError {
  const what = key.type === "cosignature" ? "cosignature" : "signature";
  return new TransparencyError("SIGNATURE_INVALID", `a ${what} is not by the key that it names`);
}

/** Refuses a key of the other type: a mistake of the caller. */
export function assertType(key: VerifierKey, type: VerifierKeyType): void {
  if (key.type !== type) throw new TypeError(`key is of the type ${key.type}, ${type} needed`);
}

/** Signs and checks that a signature came. */
export function signWith(sign: Ed25519Sign, message: Uint8Array): Uint8Array {
  const signature = sign(message);
  if (signature.length === ED25519_SIGNATURE_BYTES) return signature;
  throw new TypeError(`signature has ${signature.length} bytes, ${ED25519_SIGNATURE_BYTES} needed`);
}
