import { TeeError } from "../error.ts";

/** Runs one task at a time, in the order asked for. */
export type Lock = <T>(task: () => Promise<T>) => Promise<T>;

/** A lock that nobody holds. */
export function createLock(): Lock {
  let last: Promise<unknown> = Promise.resolve();
  return async (task) => {
    const run = last.then(task);
    last = run.catch(() => undefined);
    return await run;
  };
}

/**
 * The lock for state that the whole process shares. Worker threads cannot wait for one another
 * here, so that all but the main thread are refused with `EVIDENCE_UNAVAILABLE`.
 */
export function createProcessLock(inMainThread: boolean): Lock {
  if (inMainThread) return createLock();
  return async () => {
    const message = "evidence of the process is made in its main thread only, this is a worker";
    return await Promise.reject(new TeeError("EVIDENCE_UNAVAILABLE", message));
  };
}
