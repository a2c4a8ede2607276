import { createHash } from "node:crypto";
import { equalBytes } from "@carrara/encoding";
import { LedgerError } from "../error.ts";
import {
  checkBallot,
  choiceAt,
  isZeroId,
  type LedgerBallot,
  RECORD_BYTES,
  supersededAt,
} from "./ballot-record.ts";
import { chainAfter, firstChain } from "./group.ts";
import { type Frontier, type GrownTree, growTree } from "./grow-tree.ts";
import { createIdTable, type IdTable, MAX_TABLE_BALLOTS, slotsFor } from "./id-table.ts";
import { createKeyedHash } from "./keyed-hash.ts";
import type { LedgerKeys } from "./ledger-keys.ts";
import { createOpenVolume, type OpenVolume } from "./open-volume.ts";
import { createStoredNodes, type StoredNodes, TILE_LEVEL, TILE_WIDTH } from "./stored-nodes.ts";
import { createTallyBoard, type TallyBoard } from "./tally-board.ts";
import { EMPTY_ROOT, HASH_BYTES, hashLeaves } from "./tree-hash.ts";
import type { VolumeIndex } from "./volume-index.ts";

/** What one more ballot of the same pseudonym means. */
export type Revote = "unlimited" | "last" | "once";

/** A ballot of a closed volume that was read for a comparison. */
export interface OldBallot {
  readonly index: number;
  readonly choice: number;
  /** Whether it is the very same ballot. */
  readonly same: boolean;
}

/** What is to be done with a ballot. */
export type Decision =
  | { readonly kind: "appended"; readonly index: number }
  | { readonly kind: "known"; readonly index: number }
  | { readonly kind: "idReused" }
  | { readonly kind: "alreadyVoted" };

/** Indexes in closed volumes that may have a ballot's id or pseudonym, the newest first. */
export interface Candidates {
  readonly ids: readonly number[];
  readonly pseudonyms: readonly number[];
}

/** The hash of the perfect subtree `index` of a tree level, if it is at hand. */
export type NodeLookup = (level: number, index: number) => Uint8Array | undefined;

/** The ledger in memory; reads and writes nothing. */
export interface LedgerState {
  /** Ballots of committed groups. */
  readonly size: number;
  readonly chain: Uint8Array;
  readonly root: Uint8Array;
  readonly nodes: StoredNodes;
  /** Finds perfect subtrees that are kept or at the right edge as it is now, whatever is committed later. */
  lookup(): NodeLookup;
  readonly board: TallyBoard;
  readonly volume: OpenVolume;
  /** Room for new ballots before the volume is full. */
  readonly room: number;
  candidates(ballot: LedgerBallot): Candidates | undefined;
  /** Decides on a ballot and adds it to the group in the making, if it is to be counted. */
  stage(ballot: LedgerBallot, oldId?: OldBallot, oldVote?: OldBallot): Decision;
  /** Records of the group in the making. */
  staged(): Uint8Array;
  /** The tree with the group in the making. */
  grow(): GrownTree;
  /** The group in the making is durable. */
  commit(grown: GrownTree, group: Uint8Array): void;
  /** It is not. */
  rollback(): void;
  /** Adds a group that was found. */
  replay(group: Uint8Array, records: Uint8Array): void;
  /** The index of the volume, when it is full; begins the next one. */
  closeVolume(layoutOf: (volume: number) => Uint8Array): VolumeIndex;
  /** Takes a full volume as its index tells it. */
  restoreVolume(index: VolumeIndex): void;
}

/** What {@link createLedgerState} needs. */
export interface LedgerStateOptions {
  readonly keys: LedgerKeys;
  readonly revote: Revote;
  /** Ballots of a volume: a multiple of 256, at most 262,144. */
  readonly volumeBallots: number;
}

/** The state of an empty ledger. */
export function createLedgerState(options: LedgerStateOptions): LedgerState {
  const { keys, revote, volumeBallots } = options;
  const withPseudonyms = revote !== "unlimited";
  const hash = createKeyedHash(keys.hashKey);
  const nodes = createStoredNodes();
  const board = createTallyBoard();
  const closed: { readonly ids: IdTable; readonly pseudonyms: IdTable | undefined }[] = [];
  const openAt = (first: number): OpenVolume =>
    createOpenVolume({ first, capacity: volumeBallots, hash, withPseudonyms });
  let size = 0;
  let chain = firstChain(keys.poll);
  let root = EMPTY_ROOT;
  let frontier: Frontier = [];
  // Made when it is needed: a start goes past volume after volume.
  let opened: OpenVolume | undefined;
  let digest = createHash("sha256");
  let volumeChain = chain;

  const volume = (): OpenVolume => {
    opened ??= openAt(size);
    return opened;
  };
  const within: number[] = [];
  const candidatesIn = (
    tableOf: (tables: (typeof closed)[number]) => IdTable | undefined,
    bytes: Uint8Array,
  ): number[] => {
    const pair = hash(bytes, 0);
    const found: number[] = [];
    for (let i = closed.length - 1; i >= 0; i -= 1) {
      const tables = closed[i];
      if (tables === undefined) continue;
      within.length = 0;
      tableOf(tables)?.candidates(pair, within);
      for (const offset of within) found.push(i * volumeBallots + offset);
    }
    return found;
  };
  const isKnown = (ballot: LedgerBallot, old: OldBallot | undefined): Decision | undefined => {
    const offset = volume().findId(ballot.ballotId, 0);
    if (offset !== undefined) {
      if (!volume().holds(offset, ballot)) return { kind: "idReused" };
      return { kind: "known", index: volume().first + offset };
    }
    if (old === undefined) return undefined;
    return old.same ? { kind: "known", index: old.index } : { kind: "idReused" };
  };
  /** The choice of this pseudonym's latest ballot, 0 for none. */
  const earlierChoice = (ballot: LedgerBallot, old: OldBallot | undefined): number => {
    if (!withPseudonyms) return 0;
    const offset = volume().findPseudonym(ballot.pseudonym, 0);
    if (offset === undefined) return old?.choice ?? 0;
    return choiceAt(volume().records(offset, offset + 1), 0);
  };
  const countFrom = (records: Uint8Array): void => {
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      board.count(choiceAt(records, at), supersededAt(records, at));
    }
  };
  const staged = (): Uint8Array => volume().records(size - volume().first, volume().count);
  const commit = (grown: GrownTree, group: Uint8Array): void => {
    countFrom(staged());
    nodes.add(grown);
    digest.update(group);
    chain = chainAfter(group);
    size = grown.size;
    root = new Uint8Array(grown.root);
    frontier = grown.frontier;
    volume().settle();
  };
  const grow = (): GrownTree => {
    const records = staged();
    const count = records.length / RECORD_BYTES;
    return growTree(size, frontier, count, (target, place) => {
      hashLeaves(target, place, records);
    });
  };
  const begin = (): void => {
    opened = undefined;
    volumeChain = chain;
    digest = createHash("sha256");
  };
  return {
    get size() {
      return size;
    },
    get chain() {
      return chain;
    },
    get root() {
      return root;
    },
    get volume() {
      return volume();
    },
    get room() {
      return volume().capacity - volume().count;
    },
    nodes,
    lookup: () => {
      const [edge, end] = [frontier, size];
      return (level, index) =>
        index === Math.floor(end / 2 ** level) - 1 && index % 2 === 0
          ? edge[level]
          : nodes.get(level, index);
    },
    board,
    candidates: ({ ballotId, pseudonym }) => {
      if (closed.length === 0) return undefined;
      const ids = candidatesIn((tables) => tables.ids, ballotId);
      const pseudonyms = withPseudonyms
        ? candidatesIn((tables) => tables.pseudonyms, pseudonym)
        : [];
      return ids.length + pseudonyms.length === 0 ? undefined : { ids, pseudonyms };
    },
    stage: (ballot, oldId, oldVote) => {
      checkBallot(ballot);
      if (withPseudonyms && isZeroId(ballot.pseudonym, 0)) {
        throw new LedgerError("LEDGER_BALLOT_INVALID", `revote "${revote}" needs a pseudonym`);
      }
      const known = isKnown(ballot, oldId);
      if (known !== undefined) return known;
      const earlier = earlierChoice(ballot, oldVote);
      if (revote === "once" && earlier !== 0) return { kind: "alreadyVoted" };
      volume().add(ballot, earlier);
      return { kind: "appended", index: volume().first + volume().count - 1 };
    },
    staged,
    grow,
    commit,
    rollback: () => volume().cutBack(),
    replay: (group, records) => {
      volume().addRecords(records);
      commit(grow(), group);
    },
    closeVolume: (layoutOf) => {
      const firstTile = volume().first / TILE_WIDTH;
      const tiles = volume().capacity / TILE_WIDTH;
      const roots = Array.from({ length: tiles }, (_, i) => nodes.get(8, firstTile + i));
      const { ids, pseudonyms } = volume();
      closed.push({ ids, pseudonyms });
      const index: VolumeIndex = {
        volume: closed.length - 1,
        chain,
        previous: volumeChain,
        digest: digest.digest(),
        superseded: board.superseded,
        votes: board.votes(),
        tileRoots: Buffer.concat(roots.map((tileRoot) => tileRoot ?? new Uint8Array(0))),
        ids: ids.slots,
        pseudonyms: pseudonyms?.slots ?? new Uint32Array(0),
        layout: layoutOf(closed.length - 1),
      };
      begin();
      return index;
    },
    restoreVolume: (index) => {
      checkTables(index, volumeBallots, withPseudonyms);
      if (index.volume !== closed.length || !equalBytes(index.previous, chain)) {
        throw new LedgerError("LEDGER_TAMPERED", `volume ${index.volume} does not follow`);
      }
      const ids = createIdTable(index.ids);
      closed.push({
        ids,
        pseudonyms: withPseudonyms ? createIdTable(index.pseudonyms) : undefined,
      });
      // The tree above the tiles is a tree whose leaves are their roots.
      const tiles = volumeBallots / TILE_WIDTH;
      const edge = frontier.slice(TILE_LEVEL);
      const above = growTree(size / TILE_WIDTH, edge, tiles, (target, place) => {
        target.set(index.tileRoots, place * HASH_BYTES);
      });
      for (let level = 0; 2 ** level <= above.size; level += 1) {
        nodes.restore(TILE_LEVEL + level, above.complete(level).hashes);
      }
      frontier = [...new Array<undefined>(TILE_LEVEL), ...above.frontier];
      root = new Uint8Array(above.root);
      size += volumeBallots;
      chain = index.chain;
      board.restore(index.votes, index.superseded);
      begin();
    },
  };
}
function checkTables(index: VolumeIndex, volumeBallots: number, withPseudonyms: boolean): void {
  const { ids, pseudonyms, tileRoots, volume } = index;
  const tiles = (tileRoots.length / HASH_BYTES) * TILE_WIDTH;
  if (ids.length !== slotsFor(volumeBallots) || tiles !== volumeBallots) {
    throw new LedgerError("LEDGER_CONFIG_INVALID", `volume ${volume} is of another size`);
  }
  if (withPseudonyms && pseudonyms.length !== ids.length) {
    throw new LedgerError(
      "LEDGER_CONFIG_INVALID",
      `volume ${volume} was counted under the revote rule "unlimited"`,
    );
  }
}

/** Checks a size of volumes. Throws `LEDGER_CONFIG_INVALID`. */
export function checkVolumeBallots(volumeBallots: number): void {
  const fits =
    volumeBallots % TILE_WIDTH === 0 && volumeBallots > 0 && volumeBallots <= MAX_TABLE_BALLOTS;
  if (!fits) throw new LedgerError("LEDGER_CONFIG_INVALID", "volume size is no multiple of 256");
}
