/** Runs of one piece of work that are never closer together than a pause. */
export interface Throttle {
  /** Has the work done: at once when the pause is over, else when it is. */
  trigger(): void;
  /** Does no more work. May be called twice. */
  stop(): void;
}

/** Creates a throttle; `work` that waits is not started again before it is done. It must not reject. */
export function createThrottle(pauseMs: number, work: () => void | Promise<void>): Throttle {
  let timer: NodeJS.Timeout | undefined;
  let startedAt = Number.NEGATIVE_INFINITY;
  let running = false;
  let wanted = false;
  let stopped = false;

  const run = (): void => {
    timer = undefined;
    wanted = false;
    startedAt = performance.now();
    const result = work();
    if (!(result instanceof Promise)) return;
    running = true;
    void result.finally(() => {
      running = false;
      if (wanted) trigger();
    });
  };
  const trigger = (): void => {
    if (stopped) return;
    wanted = true;
    if (running || timer !== undefined) return;
    const waitMs = startedAt + pauseMs - performance.now();
    if (waitMs <= 0) run();
    else timer = setTimeout(run, waitMs);
  };
  return {
    trigger,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
