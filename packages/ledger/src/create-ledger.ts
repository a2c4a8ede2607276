import { consistencyRanges, inclusionRanges } from "@carrara/transparency";
import { ANCHOR_PAUSE_MS, type Anchor, checkAnchor } from "./anchor.ts";
import { commitGroup, type Pending } from "./commit-group.ts";
import type { LedgerCheckpoint } from "./core/committed-group.ts";
import type { VolumeIndex } from "./core/volume-index.ts";
import { LedgerError } from "./error.ts";
import type { Appended, Ledger, LedgerStatus } from "./ledger.ts";
import type { LedgerLog } from "./ledger-log.ts";
import { readSubtrees } from "./read-proof.ts";
import type { ReadDeps } from "./read-records.ts";
import { readEntries, readTile } from "./read-tile.ts";
import type { LogSigner } from "./sign-checkpoint.ts";
import type { HeadWrite } from "./store/ledger-store.ts";

/** Most ballots that wait for their group. */
const MAX_PENDING = 65_536;
/** Milliseconds between two looks at what other replicas appended. */
const REFRESH_MS = 250;

/** What {@link createLedger} needs. */
export interface LedgerDeps extends ReadDeps {
  readonly signer: LogSigner;
  readonly anchor: Anchor | undefined;
  readonly log: LedgerLog;
  readonly nowMs: () => number;
  readonly nextHead: (size: number, chain: Uint8Array) => HeadWrite;
  readonly replayOther: (group: Uint8Array) => void;
  /** Seals and writes the index of a full volume. */
  readonly saveVolume: (index: VolumeIndex) => Promise<void>;
}

/** A ledger over a state that was loaded. */
export function createLedger(deps: LedgerDeps): Ledger {
  const { session, state, signer, anchor, log } = deps;
  const pending: Pending[] = [];
  const listeners = new Set<(checkpoint: LedgerCheckpoint) => void>();
  let latest: LedgerCheckpoint | undefined;
  let status: LedgerStatus = { kind: "writable" };
  let unsaved: VolumeIndex | undefined;
  let counter = 0;
  let running: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | undefined;
  let isAway = false;
  let anchored = { atMs: deps.nowMs(), size: state.size, raising: false };

  /** One thing after the other: groups, refreshes, the end. */
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return await turn;
  };
  const goReadOnly = (error: LedgerError): void => {
    if (status.kind === "readOnly") return;
    status = { kind: "readOnly", code: error.code, reason: error.message };
    log("error", "ledger is read-only", { code: error.code, reason: error.message });
  };
  const checkpoint = (): LedgerCheckpoint => {
    if (latest?.size !== state.size) latest = signer.checkpoint(state.size, state.root);
    return latest;
  };
  const announce = (): void => {
    for (const listener of listeners) listener(checkpoint());
  };
  const saveFull = async (): Promise<void> => {
    if (unsaved !== undefined) await deps.saveVolume(unsaved);
    unsaved = undefined;
    if (state.room > 0) return;
    unsaved = state.closeVolume((volume) => session.layoutOf(volume));
    await deps.saveVolume(unsaved);
    unsaved = undefined;
  };
  const replayOther = async (group: Uint8Array): Promise<void> => {
    deps.replayOther(group);
    if (state.room === 0) await saveFull();
  };
  const commitDeps = {
    ...deps,
    replayOther,
    nextCounter: () => {
      counter += 1;
      return counter;
    },
  };
  const raiseAnchor = (): void => {
    const nowMs = deps.nowMs();
    if (anchor === undefined || anchored.raising || nowMs - anchored.atMs < ANCHOR_PAUSE_MS) return;
    anchored = { atMs: nowMs, size: state.size, raising: true };
    const raised = checkAnchor(anchor, state.size, async () => {
      await ledger.refresh();
      return state.size;
    });
    void raised
      .catch((error: unknown) => {
        if (error instanceof LedgerError && error.code === "LEDGER_ROLLED_BACK") goReadOnly(error);
        log("warn", "ledger anchor was not raised", { code: codeOf(error) });
      })
      .finally(() => {
        anchored = { ...anchored, raising: false };
      });
  };
  const refuseAll = (error: LedgerError): void => {
    for (const { settle } of pending.splice(0)) settle(error);
  };
  /** Commits group after group until nothing waits. */
  const run = async (): Promise<void> => {
    // Not before the caller is done: what it hands in at once is one group.
    await Promise.resolve();
    while (pending.length > 0) {
      if (status.kind === "readOnly") {
        refuseAll(readOnly(status));
        break;
      }
      try {
        await inTurn(async () => {
          await saveFull().catch((error: unknown) => {
            refuseAll(asWriteError(error));
            throw error;
          });
          const group = await commitGroup(commitDeps, pending);
          if (group !== undefined) latest = group.checkpoint;
        });
        announce();
        raiseAnchor();
      } catch (error) {
        failed(error);
      }
    }
    // In the same turn as the last look at what waits: nothing is handed in between.
    running = undefined;
  };
  const failed = (error: unknown): void => {
    log("error", "ledger group was not written", { code: codeOf(error) });
    if (!isWriteFailure(error) || !session.writable) goReadOnly(asWriteError(error));
  };
  const submit: Ledger["submit"] = (ballot, settle) => {
    if (closing !== undefined) return settle(closed());
    if (status.kind === "readOnly") return settle(readOnly(status));
    if (pending.length >= MAX_PENDING) {
      return settle(new LedgerError("LEDGER_BUSY", `${MAX_PENDING} ballots wait for their group`));
    }
    pending.push({ ballot, settle });
    running ??= run();
  };
  const refresh = async (): Promise<void> => {
    if (!session.shared || status.kind === "readOnly") return;
    const before = state.size;
    try {
      await inTurn(async () => {
        await session.commit(state.size, async (others) => {
          for (const group of others) await replayOther(group);
          return undefined;
        });
      });
      isAway = false;
    } catch (error) {
      // Told once, not four times a second for as long as the database is away.
      if (!isAway || !isWriteFailure(error)) failed(error);
      isAway = true;
    }
    if (state.size > before) announce();
  };
  const timer = session.shared ? setInterval(() => void refresh(), REFRESH_MS) : undefined;
  timer?.unref();
  const sayGoodbye = async (): Promise<void> => {
    if (!session.writable || status.kind === "readOnly") return;
    await session.writeHead(deps.nextHead(state.size, state.chain));
    await anchor?.raise(state.size).catch((error: unknown) => {
      log("warn", "ledger anchor was not raised", { code: codeOf(error) });
    });
  };
  const close = async (): Promise<void> => {
    clearInterval(timer);
    await running;
    try {
      await inTurn(sayGoodbye);
    } finally {
      await session.close();
    }
  };
  const needSize = (size: number): void => {
    if (Number.isSafeInteger(size) && size >= 0 && size <= state.size) return;
    throw new LedgerError("LEDGER_INDEX_UNKNOWN", `the ledger has ${state.size} ballots`);
  };
  const ledger: Ledger = {
    get size() {
      return state.size;
    },
    get superseded() {
      return state.board.superseded;
    },
    logKey: signer.key,
    submit,
    append: async (ballot) =>
      await new Promise<Appended>((resolve, reject) => {
        submit(ballot, (outcome) => {
          if (outcome instanceof LedgerError) reject(outcome);
          else resolve(outcome);
        });
      }),
    tallies: () => state.board.votes(),
    checkpoint,
    tallyNote: () => signer.tally(checkpoint(), state.board.votes(), state.board.superseded),
    proof: async (index, size = state.size) => {
      needSize(size);
      if (!Number.isSafeInteger(index) || index < 0 || index >= size) needSize(Number.NaN);
      return await readSubtrees(deps, inclusionRanges(index, size));
    },
    consistency: async (from, to) => {
      needSize(to);
      if (!Number.isSafeInteger(from) || from < 0 || from > to) needSize(Number.NaN);
      return await readSubtrees(deps, consistencyRanges(from, to));
    },
    tile: async (level, index, width) => await readTile(deps, level, index, width),
    entries: async (index, width) => await readEntries(deps, index, width),
    onCommit: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    status: () => status,
    refresh,
    close: async () => {
      closing ??= close();
      await closing;
    },
  };
  return ledger;
}

function readOnly(status: { readonly code: string; readonly reason: string }): LedgerError {
  return new LedgerError("LEDGER_READ_ONLY", `the ledger is read-only: ${status.reason}`);
}

function closed(): LedgerError {
  return new LedgerError("LEDGER_CLOSED", "the ledger is closed");
}

function asWriteError(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error;
  return new LedgerError("LEDGER_WRITE_FAILED", "a group could not be written", { cause: error });
}

function isWriteFailure(error: unknown): boolean {
  return error instanceof LedgerError && error.code === "LEDGER_WRITE_FAILED";
}

function codeOf(error: unknown): string {
  return error instanceof LedgerError ? error.code : "INTERNAL";
}
