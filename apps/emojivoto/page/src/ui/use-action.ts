import { useCallback, useRef, useState } from "preact/hooks";

/**
 * Runs one thing at a time: while it runs, further calls do nothing. The lock is beside the state,
 * which changes only with the next rendering: a double click acts once.
 */
export function useAction<Arguments extends readonly unknown[]>(
  act: (...args: Arguments) => Promise<void>,
): { readonly isBusy: boolean; readonly run: (...args: Arguments) => void } {
  const isRunning = useRef(false);
  const [isBusy, setBusy] = useState(false);
  const latest = useRef(act);
  latest.current = act;
  const run = useCallback((...args: Arguments): void => {
    if (isRunning.current) return;
    isRunning.current = true;
    setBusy(true);
    void latest.current(...args).finally(() => {
      isRunning.current = false;
      setBusy(false);
    });
  }, []);
  return { isBusy, run };
}
