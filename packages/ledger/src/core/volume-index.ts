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
  const parts = [index.votes, index.tileRoots, index.ids, index.pseudonyms, index.layout].map(
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
  const parts = [0, 1, 2, 3, 4].map((i) => {
    const length = fixed.readUInt32LE(HASHES + NUMBERS + 4 * i);
    at += length;
    return plain.slice(at - length, at);
  });
  const [votes, tileRoots, ids, pseudonyms, layout] = parts;
  return {
    volume,
    chain: plain.slice(0, HASH_BYTES),
    digest: plain.slice(HASH_BYTES, 2 * HASH_BYTES),
    previous: plain.slice(2 * HASH_BYTES, HASHES),
    superseded: fixed.readDoubleLE(HASHES),
    votes: new Float64Array(votes?.buffer ?? new ArrayBuffer(0)),
    tileRoots: tileRoots ?? new Uint8Array(),
    ids: new Uint32Array(ids?.buffer ?? new ArrayBuffer(0)),
    pseudonyms: new Uint32Array(pseudonyms?.buffer ?? new ArrayBuffer(0)),
    layout: layout ?? new Uint8Array(),
  };
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
  return opened && new Uint8Array(opened.buffer, opened.byteOffset, opened.byteLength);
}
