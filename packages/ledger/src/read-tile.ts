import { COMMITMENT_BYTES, RECORD_BYTES, RECORD_OFFSET } from "./core/ballot-record.ts";
import { TILE_LEVEL, TILE_WIDTH } from "./core/stored-nodes.ts";
import { ENTRY_BYTES, ENTRY_VERSION, HASH_BYTES, hashLeaves } from "./core/tree-hash.ts";
import { LedgerError } from "./error.ts";
import { type ReadDeps, readRecords } from "./read-records.ts";

/** Hashes of a tile: level 0 has leaf hashes, each level above roots of whole tiles below it. */
export async function readTile(
  deps: ReadDeps,
  level: number,
  index: number,
  width: number,
): Promise<Uint8Array> {
  checkTile(deps, level, index, width);
  const from = index * TILE_WIDTH;
  const hashes = Buffer.alloc(width * HASH_BYTES);
  if (level === 0) {
    hashLeaves(hashes, 0, await readRecords(deps, from, from + width));
    return hashes;
  }
  for (let i = 0; i < width; i += 1) {
    const node = deps.state.nodes.get(level * TILE_LEVEL, from + i);
    if (node === undefined) throw unknown();
    hashes.set(node, i * HASH_BYTES);
  }
  return hashes;
}

/** Entries of a tile: u16be length and bytes of each (C2SP tlog-tiles). */
export async function readEntries(
  deps: ReadDeps,
  index: number,
  width: number,
): Promise<Uint8Array> {
  checkTile(deps, 0, index, width);
  const from = index * TILE_WIDTH;
  const records = await readRecords(deps, from, from + width);
  const entries = Buffer.alloc(width * (2 + ENTRY_BYTES));
  for (let i = 0; i < width; i += 1) {
    const at = i * (2 + ENTRY_BYTES);
    const commitment = i * RECORD_BYTES + RECORD_OFFSET.commitment;
    entries.writeUInt16BE(ENTRY_BYTES, at);
    entries[at + 2] = ENTRY_VERSION;
    entries.set(records.subarray(commitment, commitment + COMMITMENT_BYTES), at + 3);
  }
  return entries;
}

function checkTile({ state }: ReadDeps, level: number, index: number, width: number): void {
  const isNumber = [level, index, width].every((value) => Number.isSafeInteger(value));
  const inRange = level >= 0 && index >= 0 && width >= 1 && width <= TILE_WIDTH;
  const end = (index * TILE_WIDTH + width) * TILE_WIDTH ** level;
  if (!isNumber || !inRange || end > state.size) throw unknown();
}

function unknown(): LedgerError {
  return new LedgerError("LEDGER_INDEX_UNKNOWN", "the ledger has no such tile yet");
}
