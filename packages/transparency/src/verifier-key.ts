import { concatBytes, toBase64, utf8 } from "@carrara/encoding";
import { TransparencyError } from "./error.ts";
import { isKeyName, readBase64 } from "./text-format.ts";
import { sha256 } from "./tree-hasher.ts";

/** Longest key name, in characters. */
const MAX_NAME_CHARACTERS = 256;
/** Name, hash and key of the longest name, with room to spare. */
const MAX_TEXT_CHARACTERS = 512;
const PUBLIC_KEY_BYTES = 32;

/** Type bytes of C2SP signed-note. */
const TYPE_BYTE = { ed25519: 0x01, cosignature: 0x04 } as const;

/** What a key signs: notes as they are, or checkpoints with a time as a witness does. */
export type VerifierKeyType = keyof typeof TYPE_BYTE;

/** An Ed25519 public key that notes are checked with, and its name. */
export interface VerifierKey {
  readonly name: string;
  readonly type: VerifierKeyType;
  /** 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array;
  /** First four bytes of SHA-256(name ‖ 0x0a ‖ type byte ‖ public key) as a number. */
  readonly keyHash: number;
}

/** The key of 32 bytes under `name`. Throws a TypeError for a name or key that none can be. */
export function createVerifierKey(
  name: string,
  type: VerifierKeyType,
  publicKey: Uint8Array,
): VerifierKey {
  if (!isKeyName(name) || name.length > MAX_NAME_CHARACTERS) {
    throw new TypeError("a key name has 1 to 256 characters without spaces and plus signs");
  }
  if (publicKey.length !== PUBLIC_KEY_BYTES) {
    throw new TypeError(`public key has ${publicKey.length} bytes, ${PUBLIC_KEY_BYTES} needed`);
  }
  const hash = sha256(concatBytes(utf8(`${name}\n`), typedKey(type, publicKey)));
  return {
    name,
    type,
    publicKey,
    keyHash: new DataView(hash.buffer, hash.byteOffset).getUint32(0),
  };
}

/** `<name>+<key hash, 8 hex digits>+<base64 of type byte and key>` (C2SP signed-note, "vkey"). */
export function encodeVerifierKey({ name, type, publicKey, keyHash }: VerifierKey): string {
  const hash = keyHash.toString(16).padStart(8, "0");
  return `${name}+${hash}+${toBase64(typedKey(type, publicKey))}`;
}

/** Parses a verifier key of a known type whose hash is its own. Throws `VERIFIER_KEY_MALFORMED`. */
export function parseVerifierKey(text: string): VerifierKey {
  if (text.length > MAX_TEXT_CHARACTERS) {
    throw malformed(`${text.length} characters, ${MAX_TEXT_CHARACTERS} allowed`);
  }
  // Base64 has plus signs of its own.
  const [name = "", hash = ""] = text.split("+", 2);
  const bytes = readBase64(text.slice(name.length + hash.length + 2));
  if (bytes?.length !== 1 + PUBLIC_KEY_BYTES || name.length > MAX_NAME_CHARACTERS) {
    throw malformed("not name, hash and key with plus signs between");
  }
  const type = typeOf(bytes[0]);
  if (type === undefined) throw malformed(`key type ${bytes[0]} is not known`);
  if (!isKeyName(name)) throw malformed("not a key name");
  const key = createVerifierKey(name, type, bytes.subarray(1));
  if (encodeVerifierKey(key) !== text) throw malformed("the key hash is another key's");
  return key;
}

function typeOf(byte: number | undefined): VerifierKeyType | undefined {
  if (byte === TYPE_BYTE.ed25519) return "ed25519";
  return byte === TYPE_BYTE.cosignature ? "cosignature" : undefined;
}

function typedKey(type: VerifierKeyType, publicKey: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([TYPE_BYTE[type]]), publicKey);
}

function malformed(message: string): TransparencyError {
  return new TransparencyError("VERIFIER_KEY_MALFORMED", `verifier key: ${message}`);
}
