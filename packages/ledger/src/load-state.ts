import { equalBytes } from "@carrara/encoding";
import { MAX_GROUP_BYTES } from "./core/group.ts";
import { type FoundHead, openHead } from "./core/head.ts";
import type { LedgerKeys } from "./core/ledger-keys.ts";
import type { LedgerState } from "./core/ledger-state.ts";
import { openVolumeIndex, type VolumeIndex } from "./core/volume-index.ts";
import { LedgerError } from "./error.ts";
import { replayGroup } from "./replay-group.ts";
import type { StoreSession } from "./store/ledger-store.ts";

/** What {@link loadState} works on. */
export interface LoadDeps {
  readonly keys: LedgerKeys;
  readonly session: StoreSession;
  /** Empty; filled with what is found. */
  readonly state: LedgerState;
}

/** What was found beside the ballots. */
export interface Loaded {
  readonly head: FoundHead | undefined;
  /** Bytes of a group that was not finished. */
  readonly tornBytes: number;
  /** The index of a volume that was full and had none. */
  readonly unsaved: VolumeIndex | undefined;
}

/**
 * Reads a ledger and checks all of it: full volumes by their digests, the rest group by group. Changes
 * nothing. Throws the codes of what it finds; a group that was being written when the process ended
 * is the only thing that may be broken.
 */
export async function loadState(deps: LoadDeps): Promise<Loaded> {
  const { keys, session, state } = deps;
  const head = openHead(keys, await session.readHead());
  await loadVolumes(deps);
  if (head === undefined && (state.size > 0 || (await session.behind(0)) > 0)) {
    throw new LedgerError("LEDGER_TAMPERED", "the ledger's head is missing");
  }
  const { unsaved, refused } = await replayRest(deps, head);
  const tornBytes = await session.behind(state.size);
  const needed = head?.head.size ?? 0;
  if (state.size < needed) {
    if (refused !== undefined) throw refused;
    const [code, what] =
      tornBytes > 0
        ? (["LEDGER_TAMPERED", "what follows is no group"] as const)
        : (["LEDGER_TRUNCATED", "nothing follows"] as const);
    throw new LedgerError(code, `${state.size} ballots of ${needed} are there, ${what}`);
  }
  if (refused !== undefined && session.shared) throw refused;
  if (tornBytes > MAX_GROUP_BYTES) {
    throw refused ?? new LedgerError("LEDGER_TAMPERED", `${tornBytes} bytes that are no group`);
  }
  return { head, tornBytes, unsaved };
}

async function loadVolumes({ keys, session, state }: LoadDeps): Promise<void> {
  const volumes = await session.volumes();
  for (const [place, volume] of volumes.entries()) {
    if (volume !== place) {
      throw new LedgerError("LEDGER_SEGMENT_MISSING", `the index of volume ${place} is missing`);
    }
    const index = openVolumeIndex(keys, volume, await session.readVolume(volume));
    session.adopt(volume, index.layout);
    state.restoreVolume(index);
    if (!equalBytes(await session.digestOf(volume), index.digest)) {
      throw new LedgerError("LEDGER_TAMPERED", `the groups of volume ${volume} were changed`);
    }
  }
}

async function replayRest(
  deps: LoadDeps,
  found: FoundHead | undefined,
): Promise<{ unsaved: VolumeIndex | undefined; refused: LedgerError | undefined }> {
  const { session, state } = deps;
  let unsaved: VolumeIndex | undefined;
  let refused: LedgerError | undefined;
  const needed = found?.head.size ?? 0;
  const isWithin = needed >= state.size;
  let isMet = needed === state.size;
  checkHead(state, found);
  for await (const group of session.groups(state.size)) {
    // Whole groups behind one that does not open: it was not the last, and so not torn.
    if (refused !== undefined) throw refused;
    refused = tryReplay(deps, group);
    if (refused !== undefined) continue;
    isMet ||= needed === state.size;
    checkHead(state, found);
    if (state.room > 0) continue;
    if (unsaved !== undefined) {
      throw new LedgerError(
        "LEDGER_SEGMENT_MISSING",
        `the index of volume ${unsaved.volume} is missing`,
      );
    }
    unsaved = state.closeVolume((volume) => session.layoutOf(volume));
  }
  if (isWithin && needed < state.size && !isMet) {
    // Groups that a failing disk was given and that were never acknowledged, in place of those that were.
    throw new LedgerError(
      "LEDGER_TAMPERED",
      `no group ends at ${needed} ballots, as the head says`,
    );
  }
  return { unsaved, refused };
}

function tryReplay(deps: LoadDeps, group: Uint8Array): LedgerError | undefined {
  try {
    replayGroup(deps.keys, deps.state, group);
    return undefined;
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
}

/** Where the ledger is as long as its head says, it must be the same ledger. */
function checkHead(state: LedgerState, found: FoundHead | undefined): void {
  if (found === undefined || state.size !== found.head.size) return;
  if (equalBytes(state.chain, found.head.chain)) return;
  throw new LedgerError("LEDGER_TAMPERED", "the ledger is not the one of its head");
}
