/**
 * Lets callers share runs of `work`: a caller gets a run that started after it called, never an older
 * one, and at most one run is under way. A hundred readers of the board then cost two calls.
 */
export function coalesce<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<Result> | undefined;
  return async () => {
    waiting ??= running.then(async () => {
      waiting = undefined;
      const run = work();
      running = run.catch(() => undefined);
      return await run;
    });
    return await waiting;
  };
}
