import type { LedgerBallot } from "./core/ballot-record.ts";
import { type CommittedGroup, createCommittedGroup } from "./core/committed-group.ts";
import { chainAfter, MAX_GROUP_BALLOTS, sealGroup } from "./core/group.ts";
import type { GrownTree } from "./core/grow-tree.ts";
import type { Decision } from "./core/ledger-state.ts";
import { LedgerError } from "./error.ts";
import { findOldBallots } from "./find-old-ballots.ts";
import type { Appended, Settle } from "./ledger.ts";
import { asWriteError } from "./ledger-refusal.ts";
import type { ReadDeps } from "./read-records.ts";
import type { LogSigner } from "./sign-checkpoint.ts";
import type { Append, HeadWrite } from "./store/ledger-store.ts";

/** A ballot that waits for its group. */
export interface Pending {
  readonly ballot: LedgerBallot;
  readonly settle: Settle;
}

/** What {@link commitGroup} needs. */
export interface CommitDeps extends ReadDeps {
  readonly signer: LogSigner;
  /** Writes of the head; names the slot that holds the older one. */
  readonly nextHead: (size: number, chain: Uint8Array) => HeadWrite;
  /** A number that never came before in this process: the nonce of a group. */
  readonly nextCounter: () => number;
  /** Adds what another replica appended. */
  readonly replayOther: (group: Uint8Array) => Promise<void>;
}

type Outcome = Decision | LedgerError;

/**
 * Commits the first of `pending` as one group, as many as fit, and takes them off; settles each. Gives
 * the group, undefined when none of them was new. Rejects when it could not be written: then all that
 * hung on it were told.
 */
export async function commitGroup(
  deps: CommitDeps,
  pending: Pending[],
): Promise<CommittedGroup | undefined> {
  const { session, state } = deps;
  const outcomes: Outcome[] = [];
  let made: MadeGroup | undefined;
  try {
    await session.commit(state.size, async (others) => {
      for (const group of others) await deps.replayOther(group);
      await stageAll(deps, pending, outcomes);
      made = makeGroup(deps);
      return made?.append;
    });
  } catch (error) {
    const before = state.size;
    state.rollback();
    const refusal = asWriteError(error);
    // Without a word on any of them all would have been in the group.
    const hit = outcomes.length > 0 ? outcomes.length : MAX_GROUP_BALLOTS;
    settleAll(pending.splice(0, hit), outcomes, (outcome) =>
      isFinal(outcome, before) ? outcomeOf(outcome, undefined) : refusal,
    );
    throw refusal;
  }
  const group = made?.commit();
  settleAll(pending.splice(0, outcomes.length), outcomes, (outcome) => outcomeOf(outcome, group));
  return group;
}

/** Decides on the ballots in turn, until the group or its volume is full. */
async function stageAll(
  deps: CommitDeps,
  pending: readonly Pending[],
  outcomes: Outcome[],
): Promise<void> {
  const { state } = deps;
  for (const { ballot } of pending) {
    if (outcomes.length === MAX_GROUP_BALLOTS || state.room === 0) return;
    const candidates = state.candidates(ballot);
    const old = candidates && (await findOldBallots(deps, ballot, candidates));
    outcomes.push(decide(() => state.stage(ballot, old?.id, old?.vote)));
  }
}

function decide(stage: () => Decision): Outcome {
  try {
    return stage();
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
}

interface MadeGroup {
  readonly append: Append;
  /** The group is durable. */
  commit(): CommittedGroup;
}

function makeGroup(deps: CommitDeps): MadeGroup | undefined {
  const { keys, session, state, signer } = deps;
  const records = state.staged();
  if (records.length === 0) return undefined;
  const firstIndex = state.size;
  const count = state.volume.first + state.volume.count - firstIndex;
  const header = {
    writer: session.writerFor(firstIndex),
    counter: deps.nextCounter(),
    firstIndex,
    count,
    previous: state.chain,
  };
  const group = sealGroup(keys, header, records);
  let grown: GrownTree | undefined;
  let committed: CommittedGroup | undefined;
  return {
    append: {
      group,
      firstIndex,
      count,
      meanwhile: () => {
        grown = state.grow();
        committed = createCommittedGroup(grown, signer.checkpoint(grown.size, grown.root));
        return deps.nextHead(grown.size, chainAfter(group));
      },
    },
    commit: () => {
      if (grown === undefined || committed === undefined) {
        throw new TypeError("the store wrote a group without its head");
      }
      state.commit(grown, group);
      return committed;
    },
  };
}

/** Whether an outcome stands even though the group was not written. */
function isFinal(outcome: Outcome | undefined, size: number): outcome is Outcome {
  return outcome instanceof LedgerError || (outcome?.kind === "known" && outcome.index < size);
}

function settleAll(
  taken: readonly Pending[],
  outcomes: readonly Outcome[],
  tell: (outcome: Outcome | undefined) => Appended | LedgerError,
): void {
  taken.forEach(({ settle }, place) => {
    settle(tell(outcomes[place]));
  });
}

function outcomeOf(
  outcome: Outcome | undefined,
  group: CommittedGroup | undefined,
): Appended | LedgerError {
  if (outcome === undefined) return new LedgerError("LEDGER_WRITE_FAILED", "no group was written");
  if (outcome instanceof LedgerError) return outcome;
  if (outcome.kind === "appended") {
    return group === undefined
      ? new LedgerError("LEDGER_WRITE_FAILED", "no group was written")
      : { kind: "appended", index: outcome.index, group };
  }
  if (outcome.kind === "known") {
    const own = group !== undefined && outcome.index >= group.first;
    return { kind: "known", index: outcome.index, group: own ? group : undefined };
  }
  return outcome;
}
