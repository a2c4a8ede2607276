import { equalBytes } from "@carrara/encoding";
import { RECORD_BYTES } from "./core/ballot-record.ts";
import { openGroup } from "./core/group.ts";
import type { LedgerKeys } from "./core/ledger-keys.ts";
import type { LedgerState } from "./core/ledger-state.ts";
import { TILE_LEVEL, TILE_WIDTH } from "./core/stored-nodes.ts";
import { createTileTree, type TileTree } from "./core/tile-tree.ts";
import { HASH_BYTES, hashLeaves } from "./core/tree-hash.ts";
import { LedgerError } from "./error.ts";
import type { StoreSession } from "./store/ledger-store.ts";

/** What reading needs. */
export interface ReadDeps {
  readonly keys: LedgerKeys;
  readonly session: StoreSession;
  readonly state: LedgerState;
}

/**
 * Records of the ballots `[from, to)`, which lie in one volume; a view or a copy. Throws
 * `LEDGER_TAMPERED` when they are not as they were written.
 */
export async function readRecords(
  { keys, session, state }: ReadDeps,
  from: number,
  to: number,
): Promise<Uint8Array> {
  const { volume } = state;
  if (from >= volume.first) return volume.records(from - volume.first, to - volume.first);
  const records = Buffer.alloc((to - from) * RECORD_BYTES);
  let next = from;
  for (const group of await session.read(from, to)) {
    const { header, records: found } = openGroup(keys, group);
    const end = Math.min(to, header.firstIndex + header.count);
    if (header.firstIndex > next || end <= next) break;
    const start = (next - header.firstIndex) * RECORD_BYTES;
    const part = found.subarray(start, start + (end - next) * RECORD_BYTES);
    records.set(part, (next - from) * RECORD_BYTES);
    next = end;
  }
  if (next === to) return records;
  throw new LedgerError("LEDGER_TAMPERED", `ballots from index ${next} are not where they were`);
}

/**
 * The record of a ballot in a full volume, held to the root of its tile: a group that was sealed, not
 * written, and kept by whoever made the writing fail opens as well as the one that took its place.
 */
export async function readOldRecord(deps: ReadDeps, index: number): Promise<Uint8Array> {
  const { records } = await readTileRecords(deps, Math.floor(index / TILE_WIDTH));
  const at = (index % TILE_WIDTH) * RECORD_BYTES;
  return records.subarray(at, at + RECORD_BYTES);
}

/** The tree of a tile, as far as the ledger has it; a whole tile is held to the root that is known. */
export async function readTileTree(deps: ReadDeps, tile: number): Promise<TileTree> {
  return (await readTileRecords(deps, tile)).tree;
}

async function readTileRecords(
  deps: ReadDeps,
  tile: number,
): Promise<{ readonly records: Uint8Array; readonly tree: TileTree }> {
  const { state } = deps;
  const from = tile * TILE_WIDTH;
  const end = Math.min(from + TILE_WIDTH, state.size);
  const records = await readRecords(deps, from, end);
  const leaves = Buffer.alloc((end - from) * HASH_BYTES);
  hashLeaves(leaves, 0, records);
  const tree = createTileTree(leaves);
  const known = state.nodes.get(TILE_LEVEL, tile);
  const root = tree.node(TILE_LEVEL, 0);
  if (known === undefined || (root !== undefined && equalBytes(known, root))) {
    return { records, tree };
  }
  throw new LedgerError("LEDGER_TAMPERED", `tile ${tile} has not the root that it had`);
}
