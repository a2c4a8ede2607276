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
   * Applies `change` to the newest state and resolves when the outcome is saved. Rejects with what
   * `change` throws, or with what saving throws; the state has not changed then.
   */
  apply<T>(change: (state: S) => Change<S, T>): Promise<T>;
  /** Resolves when everything applied so far is saved or has failed. */
  drain(): Promise<void>;
}

interface Waiting<S> {
  /** Runs the change; returns the new state, or undefined when the change refused. */
  readonly run: (state: S) => S | undefined;
  readonly settle: (failure: { readonly cause: unknown } | undefined) => void;
}

/**
 * A queue in which one save is under way at a time, and all changes that arrive meanwhile share the
 * next one: the cost of a flush does not limit the rate of changes.
 */
export function createCommitQueue<S>(
  initial: S,
  save: (state: S) => Promise<void>,
): CommitQueue<S> {
  let state = initial;
  let waiting: Waiting<S>[] = [];
  let running: Promise<void> | undefined;

  const runGroup = async () => {
    const group = waiting;
    waiting = [];
    let next = state;
    const done: Waiting<S>[] = [];
    for (const each of group) {
      const changed = each.run(next);
      if (changed === undefined) continue;
      next = changed;
      done.push(each);
    }
    try {
      if (next !== state) await save(next);
      state = next;
      for (const each of done) each.settle(undefined);
    } catch (cause) {
      for (const each of done) each.settle({ cause });
    }
  };
  const runAll = async () => {
    // Lets every change of this turn join the first group.
    await Promise.resolve();
    while (waiting.length > 0) await runGroup();
    running = undefined;
  };

  return {
    current: () => state,
    apply: async (change) =>
      await new Promise((resolve, reject) => {
        let settleOk: () => void = () => undefined;
        waiting.push({
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
        });
        running ??= runAll();
      }),
    drain: async () => {
      await running;
    },
  };
}
