import { commitGroup, type Pending } from "./commit-group.ts";
import type { CommittedGroup } from "./core/committed-group.ts";
import type { VolumeIndex } from "./core/volume-index.ts";
import { LedgerError } from "./error.ts";
import type { Ledger, LedgerStatus } from "./ledger.ts";
import type { LedgerLog } from "./ledger-log.ts";
import { asWriteError, codeOf, isTransient, readOnlyError } from "./ledger-refusal.ts";
import type { ReadDeps } from "./read-records.ts";
import type { LogSigner } from "./sign-checkpoint.ts";
import type { HeadWrite } from "./store/ledger-store.ts";

/** Most ballots that wait for their group. */
const MAX_PENDING = 65_536;

/** What {@link createGroupWriter} needs. */
export interface GroupWriterDeps extends ReadDeps {
  readonly signer: LogSigner;
  readonly log: LedgerLog;
  readonly nextHead: (size: number, chain: Uint8Array) => HeadWrite;
  readonly replayOther: (group: Uint8Array) => void;
  /** Seals and writes the index of a full volume. */
  readonly saveVolume: (index: VolumeIndex) => Promise<void>;
  /** The ledger has grown; by this group, or by those of other replicas. */
  readonly onGrown: (group: CommittedGroup | undefined) => void;
}

/** Turns ballots into groups, one after the other. */
export interface GroupWriter {
  readonly submit: Ledger["submit"];
  readonly status: () => LedgerStatus;
  /** Reads what other replicas appended. */
  refresh(): Promise<void>;
  /** Takes nothing more. */
  refuse(error: LedgerError): void;
  /** Finishes the groups under way and writes the head a last time. */
  finish(): Promise<void>;
}

/** A writer. What is handed in while a group is being written is the next group. */
export function createGroupWriter(deps: GroupWriterDeps): GroupWriter {
  const { session, state, log } = deps;
  const pending: Pending[] = [];
  let status: LedgerStatus = { kind: "writable" };
  let unsaved: VolumeIndex | undefined;
  let counter = 0;
  let running: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let isFinished = false;
  let isAway = false;

  /** One thing after the other: groups, refreshes, the end. */
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return await turn;
  };
  const refuse = (error: LedgerError): void => {
    if (status.kind === "readOnly") return;
    status = { kind: "readOnly", code: error.code, reason: error.message };
    log("error", "ledger is read-only", { code: error.code, reason: error.message });
  };
  const refuseAll = (error: LedgerError): void => {
    for (const { settle } of pending.splice(0)) settle(error);
  };
  const failed = (error: unknown): void => {
    log("error", "ledger group was not written", { code: codeOf(error) });
    if (!isTransient(error) || !session.writable) refuse(asWriteError(error));
  };
  /** Writes the index of a volume that is full; no ballot goes into the next one before. */
  const saveFull = async (): Promise<void> => {
    if (unsaved === undefined) {
      if (state.room > 0) return;
      unsaved = state.closeVolume((volume) => session.layoutOf(volume));
    }
    await deps.saveVolume(unsaved);
    unsaved = undefined;
  };
  const replayOther = async (group: Uint8Array): Promise<void> => {
    // Our own group may have filled a volume.
    await saveFull();
    deps.replayOther(group);
    await saveFull();
  };
  const nextCounter = (): number => {
    counter += 1;
    return counter;
  };
  const writeGroup = async (): Promise<void> => {
    try {
      await saveFull();
    } catch (error) {
      refuseAll(asWriteError(error));
      throw error;
    }
    const group = await commitGroup({ ...deps, replayOther, nextCounter }, pending);
    if (group !== undefined) deps.onGrown(group);
  };
  /** Writes group after group until nothing waits. */
  const run = async (): Promise<void> => {
    while (pending.length > 0) {
      // What comes in one turn of the event loop is one group, and answers go out before the next.
      await new Promise(setImmediate);
      if (status.kind === "readOnly") refuseAll(readOnlyError(status));
      else await inTurn(writeGroup).catch(failed);
    }
    // In the same turn as the last look at what waits: nothing is handed in between.
    running = undefined;
  };
  return {
    status: () => status,
    refuse,
    submit: (ballot, settle) => {
      if (isFinished) return settle(new LedgerError("LEDGER_CLOSED", "the ledger is closed"));
      if (status.kind === "readOnly") return settle(readOnlyError(status));
      if (pending.length >= MAX_PENDING) {
        return settle(new LedgerError("LEDGER_BUSY", `${MAX_PENDING} ballots wait to be written`));
      }
      pending.push({ ballot, settle });
      running ??= run();
    },
    refresh: async () => {
      if (!session.shared || isFinished || status.kind === "readOnly") return;
      const before = state.size;
      try {
        await inTurn(async () => await readOthers(deps, replayOther));
        isAway = false;
      } catch (error) {
        // Told once, not as often as it is tried while the database is away.
        if (!isAway || !isTransient(error)) failed(error);
        isAway = true;
      }
      if (state.size > before) deps.onGrown(undefined);
    },
    finish: async () => {
      isFinished = true;
      await running;
      await inTurn(async () => {
        if (!session.writable || status.kind === "readOnly") return;
        await session.writeHead(deps.nextHead(state.size, state.chain));
      });
    },
  };
}

async function readOthers(
  { session, state }: ReadDeps,
  replayOther: (group: Uint8Array) => Promise<void>,
): Promise<void> {
  await session.commit(state.size, async (others) => {
    for (const group of others) await replayOther(group);
    return undefined;
  });
}
