import { toBase64 } from "@carrara/encoding";
import { TransparencyError } from "./error.ts";
import { isNoteText, readBase64, readDecimal } from "./text-format.ts";
import { HASH_BYTES } from "./tree-hasher.ts";

/** Longest note text that is read as a checkpoint, in characters: three lines need under 400. */
const MAX_CHECKPOINT_CHARACTERS = 16 * 1024;

/** Head of a log's tree (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** Identity of the log; one line. */
  readonly origin: string;
  /** Number of leaves. */
  readonly size: number;
  readonly root: Uint8Array;
  /** Opaque further lines, if there are any. */
  readonly extensions?: readonly string[];
}

/** The note text of a checkpoint. Throws a TypeError for what no checkpoint can say. */
export function encodeCheckpoint(checkpoint: Checkpoint): string {
  const { origin, size, root, extensions = [] } = checkpoint;
  const lines = [origin, size.toString(), toBase64(root), ...extensions];
  const lineIsWhole = lines.every((line) => line !== "" && !line.includes("\n"));
  if (!lineIsWhole || !isNoteText(lines.join("")) || root.length !== HASH_BYTES) {
    throw new TypeError("not the parts of a checkpoint");
  }
  if (!Number.isSafeInteger(size) || size < 0) throw new TypeError(`${size} is no tree size`);
  return `${lines.join("\n")}\n`;
}

/** Parses the note text of a checkpoint; signatures are not part of it. Throws `CHECKPOINT_MALFORMED`. */
export function parseCheckpoint(text: string): Checkpoint {
  if (text.length > MAX_CHECKPOINT_CHARACTERS) {
    throw malformed(`${text.length} characters, ${MAX_CHECKPOINT_CHARACTERS} allowed`);
  }
  if (!text.endsWith("\n") || !isNoteText(text)) throw malformed("not the text of a note");
  const lines = text.slice(0, -1).split("\n");
  if (lines.includes("")) throw malformed("a line is empty");
  const [origin, sizeLine = "", rootLine = "", ...extensions] = lines;
  const size = readDecimal(sizeLine);
  const root = readBase64(rootLine);
  if (origin === undefined || size === undefined) throw malformed("no tree size in line 2");
  if (root?.length !== HASH_BYTES) throw malformed("no root hash in line 3");
  return { origin, size, root, ...(extensions.length > 0 && { extensions }) };
}

function malformed(message: string): TransparencyError {
  return new TransparencyError("CHECKPOINT_MALFORMED", `checkpoint: ${message}`);
}
