import { MarbleError } from "./error.ts";
import { renewalWaitMs, retryWaitMs } from "./renewal-schedule.ts";
import type { Premain } from "./request-parameters.ts";

/** Longest single sleep in milliseconds: timers end at 2^31, and clocks are set. */
const LONGEST_SLEEP_MS = 86_400_000;
/** After an update all marbles meet strangers at once: each waits up to so many milliseconds. */
const STRANGER_JITTER_MS = 2_000;

/** What a renewal brought. */
export interface Renewed {
  /** When the certificates end, in milliseconds since 1970. */
  readonly validUntil: readonly number[];
  /** Whether peers are verified with another root than before. */
  readonly rotated: boolean;
}

/** Renews certificates for as long as the process runs. */
export interface RenewalLoop {
  /** A peer is of an authority that is unknown here: renews soon, however often it is told seldom. */
  meetStranger(): void;
  /** Resolves when the signal is aborted; failures are logged. */
  run(): Promise<void>;
}

/** Plans renewals of certificates that end at `validUntil`; starts nothing. */
export function createRenewalLoop(
  deps: Pick<Premain, "now" | "sleep" | "random" | "log" | "signal"> & {
    readonly validUntil: readonly number[];
    readonly renew: () => Promise<Renewed>;
  },
): RenewalLoop {
  const { now, random, log, signal } = deps;
  const afterGrant = (validUntil: readonly number[]): number =>
    now() + renewalWaitMs(validUntil, { now: now(), random: random() });
  let dueAt = afterGrant(deps.validUntil);
  let fruitless = 0;
  let notBefore = 0;
  let sleeping = new AbortController();

  const renewOnce = async (): Promise<void> => {
    try {
      const { validUntil, rotated } = await deps.renew();
      // A stranger that no renewal makes known is no reason to go on asking.
      fruitless = rotated ? 0 : fruitless + 1;
      dueAt = afterGrant(validUntil);
    } catch (error) {
      if (signal.aborted) return;
      fruitless += 1;
      // Whatever it is: the program goes on with the credentials it has.
      const code = error instanceof MarbleError ? error.code : "INTERNAL";
      const reason = error instanceof Error ? error.message : "unknown";
      log.warn("certificates not renewed, keeping the old ones", { code, reason });
      dueAt = now() + retryWaitMs(fruitless, random());
    }
    notBefore = now() + retryWaitMs(Math.max(fruitless, 1), random());
  };

  return {
    meetStranger() {
      const soon = Math.max(now() + random() * STRANGER_JITTER_MS, notBefore);
      if (soon >= dueAt) return;
      dueAt = soon;
      sleeping.abort();
    },
    async run() {
      while (!signal.aborted) {
        const waitMs = dueAt - now();
        if (waitMs <= 0) {
          await renewOnce();
          continue;
        }
        sleeping = new AbortController();
        const either = AbortSignal.any([signal, sleeping.signal]);
        await deps.sleep(Math.min(Math.ceil(waitMs), LONGEST_SLEEP_MS), either).catch((error) => {
          if (!either.aborted) throw error;
        });
      }
    },
  };
}
