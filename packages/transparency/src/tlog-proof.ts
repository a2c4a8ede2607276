import { toBase64 } from "@carrara/encoding";
import { parseCheckpoint } from "./checkpoint.ts";
import { TransparencyError } from "./error.ts";
import { parseNote } from "./note.ts";
import { MAX_PROOF_HASHES } from "./proof-path.ts";
import { readBase64, readDecimal } from "./text-format.ts";
import { HASH_BYTES } from "./tree-hasher.ts";

const HEADER = "c2sp.org/tlog-proof@v1";
const EXTRA = "extra ";
const INDEX = "index ";
/** Longest text that is read, in characters: the longest note, the longest proof and 64 KiB of extra. */
const MAX_CHARACTERS = 256 * 1024;

/** That an entry is in a log, checkable without it (C2SP tlog-proof). */
export interface TlogProof {
  /** Number of the entry in the log, from 0. */
  readonly index: number;
  /** The inclusion proof, from the leaf's sibling to the root's child. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note that a checkpoint is, with its signatures, verbatim. */
  readonly checkpoint: string;
  /** Opaque and not authenticated. */
  readonly extra?: Uint8Array;
}

/** A proof as text; empty extra data is none. Throws the error of a checkpoint that is none. */
export function encodeTlogProof({ index, hashes, checkpoint, extra }: TlogProof): string {
  if (!Number.isSafeInteger(index) || index < 0) throw new TypeError(`${index} is no index`);
  if (hashes.length > MAX_PROOF_HASHES || hashes.some(({ length }) => length !== HASH_BYTES)) {
    throw new TypeError("not the hashes of an inclusion proof");
  }
  parseCheckpoint(parseNote(checkpoint).text);
  const extraLines = extra !== undefined && extra.length > 0 ? [EXTRA + toBase64(extra)] : [];
  const lines = [HEADER, ...extraLines, `${INDEX}${index}`, ...hashes.map(toBase64), ""];
  return `${lines.join("\n")}\n${checkpoint}`;
}

/**
 * Parses a proof strictly; nothing is verified. Throws `PROOF_MALFORMED`, and `NOTE_MALFORMED` or
 * `CHECKPOINT_MALFORMED` for the checkpoint in it.
 */
export function parseTlogProof(text: string): TlogProof {
  if (text.length > MAX_CHARACTERS) {
    throw malformed(`${text.length} characters, ${MAX_CHARACTERS} allowed`);
  }
  // The first empty line: a checkpoint and its signatures have one more, the proof has none.
  const end = text.indexOf("\n\n");
  const [header, ...lines] = text.slice(0, Math.max(end, 0)).split("\n");
  if (header !== HEADER) throw malformed(`does not begin with ${HEADER} and lines of a proof`);
  const extra = lines[0]?.startsWith(EXTRA) === true ? parseExtra(lines.shift()) : undefined;
  const index = parseIndex(lines.shift());
  if (lines.length > MAX_PROOF_HASHES) {
    throw malformed(`${lines.length} hashes, ${MAX_PROOF_HASHES} allowed`);
  }
  const hashes = lines.map(parseHash);
  const checkpoint = text.slice(end + 2);
  parseCheckpoint(parseNote(checkpoint).text);
  return { index, hashes, checkpoint, ...(extra !== undefined && { extra }) };
}

function parseExtra(line = ""): Uint8Array {
  const extra = readBase64(line.slice(EXTRA.length));
  if (extra === undefined || extra.length === 0) throw malformed("extra data is not base64");
  return extra;
}

function parseIndex(line = ""): number {
  const index = line.startsWith(INDEX) ? readDecimal(line.slice(INDEX.length)) : undefined;
  if (index === undefined) throw malformed("no index line");
  return index;
}

function parseHash(line: string): Uint8Array {
  const hash = readBase64(line);
  if (hash?.length !== HASH_BYTES) throw malformed("a line is not the base64 of a hash");
  return hash;
}

function malformed(message: string): TransparencyError {
  return new TransparencyError("PROOF_MALFORMED", `proof: ${message}`);
}
