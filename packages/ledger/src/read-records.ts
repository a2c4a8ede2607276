import { equalBytes } from "@carrara/encoding";
import { RECORD_BYTES } from "./core/ballot-record.ts";
import { openGroup } from "./core/group.ts";
import type { LedgerKeys } from "./core/ledger-keys.ts";
import type { LedgerState } from "./core/ledger-state.ts";
import { TILE_LEVEL, TILE_WIDTH } from "./core/stored-nodes.ts";
import { HASH_BYTES, hashLeaves, perfectRoot } from "./core/tree-hash.ts";
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
  const tile = Math.floor(index / TILE_WIDTH);
  const from = tile * TILE_WIDTH;
  const records = await readRecords(deps, from, from + TILE_WIDTH);
  const leaves = Buffer.alloc(TILE_WIDTH * HASH_BYTES);
  hashLeaves(leaves, 0, records);
  checkRoot(deps.state, tile, leaves);
  const at = (index - from) * RECORD_BYTES;
  return records.subarray(at, at + RECORD_BYTES);
}

/** Leaf hashes of a tile, as many as the ledger has; a whole tile is held to the root that is known. */
export async function readLeaves(deps: ReadDeps, tile: number): Promise<Uint8Array> {
  const { state } = deps;
  const from = tile * TILE_WIDTH;
  const end = Math.min(from + TILE_WIDTH, state.size);
  const leaves = Buffer.alloc((end - from) * HASH_BYTES);
  hashLeaves(leaves, 0, await readRecords(deps, from, end));
  checkRoot(state, tile, leaves);
  return leaves;
}

function checkRoot({ nodes }: LedgerState, tile: number, leaves: Uint8Array): void {
  const root = nodes.get(TILE_LEVEL, tile);
  if (root === undefined || equalBytes(root, perfectRoot(leaves))) return;
  throw new LedgerError("LEDGER_TAMPERED", `tile ${tile} has not the root that it had`);
}
