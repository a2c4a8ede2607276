import { concatBytes, toBase64 } from "@carrara/encoding";
import { TransparencyError } from "./error.ts";
import { isKeyName, isNoteText, readBase64 } from "./text-format.ts";

/** Longest note that is read, in characters: 16 signatures of the largest kind and some text. */
const MAX_NOTE_CHARACTERS = 128 * 1024;
/** The specification asks for 16 at least. */
const MAX_SIGNATURES = 64;
const KEY_HASH_BYTES = 4;
const PREFIX = "— ";

/** A text and who signed it (C2SP signed-note). Nothing is verified by reading one. */
export interface SignedNote {
  /** Ends with a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** One signature line. Name and hash say whose it claims to be. */
export interface NoteSignature {
  readonly name: string;
  /** First four bytes of the key's hash as a number. */
  readonly keyHash: number;
  /** What follows the key hash: for Ed25519 64 bytes, for a cosignature 72. */
  readonly signature: Uint8Array;
}

/** Parses a signed note with at least one signature, of any kind. Throws `NOTE_MALFORMED`. */
export function parseNote(note: string): SignedNote {
  if (note.length > MAX_NOTE_CHARACTERS) {
    throw malformed(`${note.length} characters, ${MAX_NOTE_CHARACTERS} allowed`);
  }
  if (!isNoteText(note)) throw malformed("a control character, or no UTF-8");
  // The last empty line ends the text, which may have others.
  const end = note.lastIndexOf("\n\n") + 1;
  if (end <= 0 || !note.endsWith("\n")) throw malformed("no signatures after an empty line");
  const lines = note.slice(end + 1, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) {
    throw malformed(`${lines.length} signatures, ${MAX_SIGNATURES} allowed`);
  }
  return { text: note.slice(0, end), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string): NoteSignature {
  const [name = "", encoded = "", ...rest] = line.slice(PREFIX.length).split(" ");
  const bytes = readBase64(encoded);
  if (!line.startsWith(PREFIX) || rest.length > 0 || !isKeyName(name)) {
    throw malformed("a signature line has no name and signature");
  }
  if (bytes === undefined || bytes.length <= KEY_HASH_BYTES) {
    throw malformed("a signature is not the base64 of a key hash and more");
  }
  const keyHash = new DataView(bytes.buffer).getUint32(0);
  return { name, keyHash, signature: bytes.subarray(KEY_HASH_BYTES) };
}

/** A note as text. Throws a TypeError for what {@link parseNote} would not take. */
export function encodeNote({ text, signatures }: SignedNote): string {
  if (!text.endsWith("\n") || !isNoteText(text) || signatures.length === 0) {
    throw new TypeError("a note is a text that ends with a newline and at least one signature");
  }
  return `${text}\n${signatures.map(encodeSignatureLine).join("")}`;
}

/** One signature as the line of a note, with its newline. */
export function encodeSignatureLine({ name, keyHash, signature }: NoteSignature): string {
  if (!isKeyName(name) || signature.length === 0) throw new TypeError("not a note signature");
  const hash = new Uint8Array(KEY_HASH_BYTES);
  new DataView(hash.buffer).setUint32(0, keyHash);
  return `${PREFIX}${name} ${toBase64(concatBytes(hash, signature))}\n`;
}

function malformed(message: string): TransparencyError {
  return new TransparencyError("NOTE_MALFORMED", `note: ${message}`);
}
