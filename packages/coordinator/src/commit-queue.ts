import { setTimeout as sleep } from "node:timers/promises";
import { CoordinatorError } from "./error.ts";

/** Times that changes are applied to ever newer states before their callers are told to retry. */
const MAX_ATTEMPTS = 24;
/** Most milliseconds between two attempts, by attempt; random, so that two Coordinators part. */
const MAX_PAUSE_MS = 4;

/** A change of state: the new one and what the caller gets once it is durable. */
interface Change<S, T> {
  readonly state: S;
  readonly result: T;
}

/** The current state and the only way to change it. */
export interface CommitQueue<S> {
  /** The last durable state. */
  current(): S;
  /**
   * Applies `change` to the newest state and resolves when the outcome is saved. Where somebody else
   * committed meanwhile it is applied anew to what they left, so that it must be a function of its
   * argument. Rejects with what `change` throws, or with what saving throws; the state has not changed
   * then.
   */
  apply<T>(change: (state: S) => Change<S, T>): Promise<T>;
  /**
   * Resolves when {@link current} is as new as what others had committed at this call; `evenUnchanged`
   * reads again what did not change. Rejects with what loading throws.
   */
  refresh(evenUnchanged?: boolean): Promise<void>;
  /** Resolves when everything applied so far is saved or has failed. */
  drain(): Promise<void>;
}

/** What {@link createCommitQueue} works on. */
export interface CommitQueueDeps<S> {
  readonly initial: S;
  /** Rejects with `STATE_CONFLICT` when it was not built on the newest state. */
  readonly save: (state: S) => Promise<void>;
  /** The newest state, or undefined when `current` is it. Without, nobody else commits. */
  readonly load?: (current: S, evenUnchanged: boolean) => Promise<S | undefined>;
  /** Called in the turn in which the current state changes. */
  readonly onChange?: (before: S, after: S) => void;
}

type Failure = { readonly cause: unknown } | undefined;

interface Waiting<S> {
  /** Runs the change; returns the new state, or undefined when the change refused. */
  readonly run: (state: S) => S | undefined;
  readonly settle: (failure: Failure) => void;
}

interface Refreshing {
  readonly evenUnchanged: boolean;
  readonly settle: (failure: Failure) => void;
}

/**
 * A queue in which one save is under way at a time, and all changes that arrive meanwhile share the
 * next one: the cost of a flush does not limit the rate of changes.
 */
export function createCommitQueue<S>(deps: CommitQueueDeps<S>): CommitQueue<S> {
  let state = deps.initial;
  let waiting: Waiting<S>[] = [];
  let refreshing: Refreshing[] = [];
  let running: Promise<void> | undefined;

  const become = (next: S) => {
    const before = state;
    state = next;
    if (next !== before) deps.onChange?.(before, next);
  };
  const reload = async (evenUnchanged: boolean) => {
    const newer = await deps.load?.(state, evenUnchanged);
    if (newer !== undefined) become(newer);
  };
  const refreshAll = async () => {
    const group = refreshing;
    refreshing = [];
    if (group.length === 0) return;
    const failure = await failureOf(
      async () => await reload(group.some(({ evenUnchanged }) => evenUnchanged)),
    );
    for (const { settle } of group) settle(failure);
  };
  const commitGroup = async (group: readonly Waiting<S>[]) => {
    let left = group;
    const failure = await failureOf(async () => {
      for (let attempt = 1; left.length > 0; attempt += 1) {
        const run = runAll(left, state);
        left = run.accepted;
        if (run.next === state || (await isSaved(run.next, attempt))) return;
        await sleep(Math.random() * MAX_PAUSE_MS * attempt);
        await reload(true);
      }
    });
    for (const each of left) each.settle(failure);
  };
  const isSaved = async (next: S, attempt: number): Promise<boolean> => {
    try {
      await deps.save(next);
    } catch (error) {
      if (deps.load === undefined || attempt >= MAX_ATTEMPTS || !isConflict(error)) throw error;
      return false;
    }
    become(next);
    return true;
  };
  const work = async () => {
    // Lets every change of this turn join the first group.
    await Promise.resolve();
    while (waiting.length > 0 || refreshing.length > 0) {
      await refreshAll();
      const group = waiting;
      waiting = [];
      await commitGroup(group);
    }
    running = undefined;
  };

  return {
    current: () => state,
    apply: async (change) =>
      await new Promise((resolve, reject) => {
        waiting.push(waitingFor(change, resolve, reject));
        running ??= work();
      }),
    refresh: async (evenUnchanged = false) => {
      if (deps.load === undefined) return;
      await new Promise<void>((resolve, reject) => {
        const settle = (failure: Failure) =>
          failure === undefined ? resolve() : reject(failure.cause);
        refreshing.push({ evenUnchanged, settle });
        running ??= work();
      });
    },
    drain: async () => {
      await running;
    },
  };
}

function waitingFor<S, T>(
  change: (state: S) => Change<S, T>,
  resolve: (result: T) => void,
  reject: (cause: unknown) => void,
): Waiting<S> {
  let settleOk: () => void = () => undefined;
  return {
    run: (before) => {
      try {
        const { state: after, result } = change(before);
        settleOk = () => resolve(result);
        return after;
      } catch (cause) {
        reject(cause);
        return undefined;
      }
    },
    settle: (failure) => (failure === undefined ? settleOk() : reject(failure.cause)),
  };
}

/** Applies one change after the other; those that refuse have told their callers. */
function runAll<S>(
  group: readonly Waiting<S>[],
  state: S,
): { readonly next: S; readonly accepted: readonly Waiting<S>[] } {
  let next = state;
  const accepted = group.filter((each) => {
    const changed = each.run(next);
    if (changed === undefined) return false;
    next = changed;
    return true;
  });
  return { next, accepted };
}

function isConflict(error: unknown): boolean {
  return error instanceof CoordinatorError && error.code === "STATE_CONFLICT";
}

async function failureOf(run: () => Promise<void>): Promise<Failure> {
  try {
    await run();
    return undefined;
  } catch (cause) {
    return { cause };
  }
}
