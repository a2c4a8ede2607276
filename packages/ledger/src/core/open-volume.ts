import {
  holdsBallot,
  ID_BYTES,
  isZeroId,
  type LedgerBallot,
  RECORD_BYTES,
  RECORD_OFFSET,
  sameBytes,
  writeRecord,
} from "./ballot-record.ts";
import { createIdTable, type IdTable, type SlotChange, slotsFor } from "./id-table.ts";
import type { HashPair } from "./keyed-hash.ts";

/** The volume that is being filled: its records are in memory, so that a retry needs no disk. */
export interface OpenVolume {
  /** Index of its first ballot. */
  readonly first: number;
  /** Ballots in it, those of the group in the making included. */
  readonly count: number;
  readonly capacity: number;
  readonly ids: IdTable;
  /** Undefined where the rules do not ask who voted before. */
  readonly pseudonyms: IdTable | undefined;
  /** Records of `[from, to)`, as a view; offsets in the volume. */
  records(from: number, to: number): Uint8Array;
  /** Offset of the ballot with this id. */
  findId(bytes: Uint8Array, at: number): number | undefined;
  /** Offset of the latest ballot of this pseudonym. */
  findPseudonym(bytes: Uint8Array, at: number): number | undefined;
  holds(offset: number, ballot: LedgerBallot): boolean;
  /** Adds a ballot, which takes back `superseded`. */
  add(ballot: LedgerBallot, superseded: number): void;
  /** Adds records as they were read. */
  addRecords(records: Uint8Array): void;
  /** Keeps everything added so far: it cannot be taken back any more. */
  settle(): void;
  /** Takes back what was added since {@link settle}. */
  cutBack(): void;
}

/** What {@link createOpenVolume} needs. */
export interface OpenVolumeOptions {
  readonly first: number;
  readonly capacity: number;
  readonly hash: (bytes: Uint8Array, offset: number) => HashPair;
  readonly withPseudonyms: boolean;
}

/** An empty volume. */
export function createOpenVolume(options: OpenVolumeOptions): OpenVolume {
  const { first, capacity, hash } = options;
  // The pages of an allocation take no memory before they are written.
  const bytes = new Uint8Array(capacity * RECORD_BYTES);
  const ids = createIdTable(new Uint32Array(slotsFor(capacity)));
  const pseudonyms = options.withPseudonyms
    ? createIdTable(new Uint32Array(slotsFor(capacity)))
    : undefined;
  const undo: { readonly table: IdTable; readonly change: SlotChange }[] = [];
  const found: number[] = [];
  let count = 0;
  let settled = 0;

  const find = (table: IdTable, field: number, id: Uint8Array, at: number): number | undefined => {
    found.length = 0;
    table.candidates(hash(id, at), found);
    return found.find((offset) =>
      sameBytes(bytes, offset * RECORD_BYTES + field, id, at, ID_BYTES),
    );
  };
  const findPseudonym = (id: Uint8Array, at: number): number | undefined =>
    pseudonyms && find(pseudonyms, RECORD_OFFSET.pseudonym, id, at);
  const register = (): void => {
    const start = count * RECORD_BYTES;
    undo.push({ table: ids, change: ids.add(hash(bytes, start), count) });
    if (pseudonyms !== undefined && !isZeroId(bytes, start + RECORD_OFFSET.pseudonym)) {
      const before = findPseudonym(bytes, start + RECORD_OFFSET.pseudonym);
      const pair = hash(bytes, start + RECORD_OFFSET.pseudonym);
      const change =
        before === undefined
          ? pseudonyms.add(pair, count)
          : pseudonyms.replace(pair, before, count);
      undo.push({ table: pseudonyms, change });
    }
    count += 1;
  };
  return {
    first,
    capacity,
    ids,
    pseudonyms,
    get count() {
      return count;
    },
    records: (from, to) => bytes.subarray(from * RECORD_BYTES, to * RECORD_BYTES),
    findId: (id, at) => find(ids, 0, id, at),
    findPseudonym,
    holds: (offset, ballot) => holdsBallot(bytes, offset * RECORD_BYTES, ballot),
    add: (ballot, superseded) => {
      writeRecord(bytes, count * RECORD_BYTES, ballot, superseded);
      register();
    },
    addRecords: (records) => {
      bytes.set(records, count * RECORD_BYTES);
      for (let at = 0; at < records.length; at += RECORD_BYTES) register();
    },
    settle: () => {
      undo.length = 0;
      settled = count;
    },
    cutBack: () => {
      for (let last = undo.pop(); last !== undefined; last = undo.pop()) {
        last.table.undo(last.change);
      }
      count = settled;
    },
  };
}
