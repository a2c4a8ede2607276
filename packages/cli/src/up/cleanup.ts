/** Undoes what was begun, in reverse order. */
export interface Cleanup {
  add(undo: () => Promise<unknown>): void;
  /** Runs every step once even when some fail; throws the first failure. May be called again. */
  run(): Promise<void>;
}

/** Creates a cleanup with nothing to undo. */
export function createCleanup(): Cleanup {
  const steps: (() => Promise<unknown>)[] = [];
  let running: Promise<void> | undefined;
  const runSteps = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (let undo = steps.pop(); undo !== undefined; undo = steps.pop()) {
      await undo().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  };
  return {
    add: (undo) => void steps.push(undo),
    run: async () => {
      running ??= runSteps();
      await running;
    },
  };
}
