import { concatBytes, equalBytes } from "@carrara/encoding";
import { LedgerError } from "../error.ts";
import { type LedgerKeys, WRITER_BYTES } from "./ledger-keys.ts";
import { seal, TAG_BYTES, unseal } from "./sealed-box.ts";
import { HASH_BYTES } from "./tree-hash.ts";

const MAGIC = Buffer.from("CLV1");
/** Magic, writer, u64be volume: what is clear. */
const HEADER_BYTES = 4 + WRITER_BYTES + 8;
/** Three hashes, a number of 8 bytes, five lengths of 4, 4 to spare. */
const HASHES = 3 * HASH_BYTES;
const NUMBERS = 8;
const FIXED_BYTES = 4 * NUMBERS + HASHES;

/** What is known of a full volume, so that a start need not read its ballots. */
export interface VolumeIndex {
  readonly volume: number;
  /** Chain values after its last group and before its first. */
  readonly chain: Uint8Array;
  readonly previous: Uint8Array;
  /** SHA-256 over its groups, one after the other. */
  readonly digest: Uint8Array;
  /** Superseded ballots up to its end. */
  readonly superseded: number;
  /** Votes up to its end, by choice. */
  readonly votes: Float64Array;
  /** Roots of its tiles (tree level 8). */
  readonly tileRoots: Uint8Array;
  /** Slots of its tables, of ballot ids and of pseudonyms; the latter empty where nobody asks. */
  readonly ids: Uint32Array;
  readonly pseudonyms: Uint32Array;
  /** Where the store has its groups, as the store writes it. */
  readonly layout: Uint8Array;
}

/** Seals an index under a key that is made for it alone. */
export function sealVolumeIndex(
  keys: LedgerKeys,
  writer: Uint8Array,
  index: VolumeIndex,
): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  header.set(MAGIC, 0);
  header.set(writer, MAGIC.length);
  header.writeUIntBE(index.volume, HEADER_BYTES - 6, 6);
  const fixed = Buffer.alloc(FIXED_BYTES);
  fixed.set(index.chain, 0);
  fixed.set(index.digest, HASH_BYTES);
  fixed.set(index.previous, 2 * HASH_BYTES);
  const parts = [index.ids, index.pseudonyms, index.votes, index.tileRoots, index.layout].map(
    (part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength),
  );
  fixed.writeDoubleLE(index.superseded, HASHES);
  parts.forEach((part, i) => {
    fixed.writeUInt32LE(part.length, HASHES + NUMBERS + 4 * i);
  });
  const plain = concatBytes(fixed, ...parts);
  const [ciphertext, tag] = seal(keys.sealingKey("volume", writer), 0, header, plain);
  return concatBytes(header, ciphertext, tag);
}

/** Opens the index of `volume`. Throws `LEDGER_TAMPERED` when it is another one or was changed. */
export function openVolumeIndex(keys: LedgerKeys, volume: number, sealed: Uint8Array): VolumeIndex {
  const plain = unsealIndex(keys, volume, sealed);
  if (plain === undefined) {
    throw new LedgerError("LEDGER_TAMPERED", `the index of volume ${volume} does not open`);
  }
  const fixed = Buffer.from(plain.buffer, plain.byteOffset, FIXED_BYTES);
  let at = FIXED_BYTES;
  const take = (part: number): Uint8Array => {
    const length = fixed.readUInt32LE(HASHES + NUMBERS + 4 * part);
    at += length;
    return plain.subarray(at - length, at);
  };
  const [ids, pseudonyms, votes, tileRoots, layout] = [take(0), take(1), take(2), take(3), take(4)];
  return {
    volume,
    chain: plain.slice(0, HASH_BYTES),
    digest: plain.slice(HASH_BYTES, 2 * HASH_BYTES),
    previous: plain.slice(2 * HASH_BYTES, HASHES),
    superseded: fixed.readDoubleLE(HASHES),
    ids: wordsOf(ids),
    pseudonyms: wordsOf(pseudonyms),
    votes: new Float64Array(votes.slice().buffer),
    tileRoots: tileRoots.slice(),
    layout: layout.slice(),
  };
}

/** Slots as they lie, without a copy of 1.5 MB; the fixed part keeps them aligned. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

function unsealIndex(keys: LedgerKeys, volume: number, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < HEADER_BYTES + FIXED_BYTES + TAG_BYTES) return undefined;
  const header = Buffer.from(sealed.buffer, sealed.byteOffset, HEADER_BYTES);
  if (!equalBytes(header.subarray(0, MAGIC.length), MAGIC)) return undefined;
  if (header.readUIntBE(HEADER_BYTES - 6, 6) !== volume) return undefined;
  const writer = header.subarray(MAGIC.length, MAGIC.length + WRITER_BYTES);
  const opened = unseal(
    keys.sealingKey("volume", writer),
    0,
    header,
    sealed.subarray(HEADER_BYTES),
  );
  if (opened === undefined) return undefined;
  const plain = new Uint8Array(opened.buffer, opened.byteOffset, opened.byteLength);
  // Small ones come from Node's pool, at any offset.
  return plain.byteOffset % 4 === 0 ? plain : plain.slice();
}
