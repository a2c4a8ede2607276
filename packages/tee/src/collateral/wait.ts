/** Waits for `shared`, which others may wait for too, only as long as `signal` allows. */
export async function waitFor<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await shared;
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    shared.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/**
 * Runs `work` with a signal that ends with `signal`, after `timeoutMs`, or with `work`. Not made of
 * `AbortSignal.any` and `AbortSignal.timeout`: Node collects a timeout that only `any` refers to, and
 * then nothing ever ends.
 */
export async function withLimit<T>(
  signal: AbortSignal | undefined,
  timeoutMs: number,
  work: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const limit = new AbortController();
  const onAbort = (): void => limit.abort(signal?.reason);
  const onTimeout = (): void => limit.abort(new DOMException("out of time", "TimeoutError"));
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(onTimeout, timeoutMs);
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    limit.abort();
  }
}
