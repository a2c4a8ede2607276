import { setTimeout as sleep } from "node:timers/promises";
import type { CliError } from "../cli-error.ts";
import { childFailure, type RunningChild } from "./running-child.ts";

/**
 * A terminal's Ctrl-C reaches children before this program has heard of it: wait that long, in ms,
 * before an end counts as unexpected.
 */
const SECOND_LOOK_MS = 200;

/** Watches the processes of a mesh. */
export interface Supervisor {
  /** Watches `child` from now on. */
  add(child: RunningChild): void;
  /** Ends and forgets `child`. */
  stop(child: RunningChild): Promise<void>;
  /** Ends all, the last started first; nothing is unexpected from here on. */
  stopAll(): Promise<void>;
  /** Resolves with the first unexpected end; never rejects. */
  readonly failure: Promise<CliError>;
}

/** Creates a supervisor that watches nobody yet. */
export function createSupervisor(): Supervisor {
  const children = new Set<RunningChild>();
  let report: (failure: CliError) => void = () => undefined;
  const failure = new Promise<CliError>((resolve) => {
    report = resolve;
  });
  const stop = async (child: RunningChild): Promise<void> => {
    children.delete(child);
    await child.stop();
  };
  return {
    failure,
    stop,
    add(child) {
      children.add(child);
      void child.exited.then(async (exit) => {
        await sleep(SECOND_LOOK_MS, undefined, { ref: false });
        if (children.delete(child)) report(childFailure(child, exit));
      });
    },
    async stopAll() {
      const rows = [...children].reverse();
      children.clear();
      for (const child of rows) await child.stop();
    },
  };
}
