import { consistencyRanges, inclusionRanges } from "@carrara/transparency";
import type { Anchor } from "./anchor.ts";
import { createAnchorKeeper } from "./anchor-keeper.ts";
import type { LedgerCheckpoint } from "./core/committed-group.ts";
import { LedgerError } from "./error.ts";
import { createGroupWriter, type GroupWriterDeps } from "./group-writer.ts";
import type { Appended, Ledger, Settle } from "./ledger.ts";
import { readRoot, readSubtrees } from "./read-proof.ts";
import { readEntries, readTile } from "./read-tile.ts";

/** Milliseconds between two looks at what other replicas appended. */
const REFRESH_MS = 250;

/** What {@link createLedger} needs. */
export interface LedgerDeps extends Omit<GroupWriterDeps, "onGrown"> {
  readonly anchor: Anchor | undefined;
  readonly nowMs: () => number;
}

/** A ledger over a state that was loaded. */
export function createLedger(deps: LedgerDeps): Ledger {
  const { session, state, signer } = deps;
  const listeners = new Set<(checkpoint: LedgerCheckpoint) => void>();
  let latest: LedgerCheckpoint | undefined;
  let closing: Promise<void> | undefined;

  const checkpoint = (): LedgerCheckpoint => {
    if (latest?.size !== state.size) latest = signer.checkpoint(state.size, state.root);
    return latest;
  };
  const writer = createGroupWriter({
    ...deps,
    onGrown: (group) => {
      latest = group?.checkpoint;
      for (const listener of listeners) listener(checkpoint());
      keeper.raiseIfDue();
    },
  });
  const keeper = createAnchorKeeper({
    ...deps,
    ledger: {
      size: () => state.size,
      rootAt: async (size) => await readRoot(deps, size),
      refresh: writer.refresh,
    },
    refuse: writer.refuse,
  });
  const timer = session.shared ? setInterval(() => void writer.refresh(), REFRESH_MS) : undefined;
  timer?.unref();
  const close = async (): Promise<void> => {
    clearInterval(timer);
    try {
      await writer.finish();
      if (writer.status().kind === "writable") await keeper.finish();
    } finally {
      await session.close();
    }
  };
  /** Throws unless `low` ≤ `high` ≤ the ledger's size. */
  const needRange = (low: number, high: number): void => {
    const areNumbers = Number.isSafeInteger(low) && Number.isSafeInteger(high);
    if (areNumbers && low >= 0 && low <= high && high <= state.size) return;
    throw new LedgerError("LEDGER_INDEX_UNKNOWN", `the ledger has ${state.size} ballots`);
  };
  return {
    get size() {
      return state.size;
    },
    get superseded() {
      return state.board.superseded;
    },
    logKey: signer.key,
    submit: writer.submit,
    append: async (ballot) => await asPromise((settle) => writer.submit(ballot, settle)),
    tallies: () => state.board.votes(),
    checkpoint,
    tallyNote: () => signer.tally(checkpoint(), state.board.votes(), state.board.superseded),
    proof: async (index, size = state.size) => {
      needRange(index + 1, size);
      return await readSubtrees(deps, inclusionRanges(index, size));
    },
    consistency: async (from, to) => {
      needRange(from, to);
      return await readSubtrees(deps, consistencyRanges(from, to));
    },
    tile: async (level, index, width) => await readTile(deps, level, index, width),
    entries: async (index, width) => await readEntries(deps, index, width),
    onCommit: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    status: writer.status,
    refresh: writer.refresh,
    close: async () => {
      closing ??= close();
      await closing;
    },
  };
}

async function asPromise(submit: (settle: Settle) => void): Promise<Appended> {
  return await new Promise((resolve, reject) => {
    submit((outcome) => {
      if (outcome instanceof LedgerError) reject(outcome);
      else resolve(outcome);
    });
  });
}
