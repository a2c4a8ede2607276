import { type CollateralRefusal, unavailable } from "./refusal.ts";

/** How long "no such data" is believed (section 3.4). */
const NEGATIVE_MS = 300_000;
/** First pause after a failure; it doubles up to the last. */
const FIRST_PAUSE_MS = 1000;
const LAST_PAUSE_MS = 300_000;
/** Part of the wait that a service asks for by which callers spread themselves. */
const SPREAD = 0.1;
/** Names under which pauses are held: attackers can name many platforms that are unknown. */
const MAX_PAUSES = 1024;

interface Pause {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
  readonly failures: number;
  readonly refusal: CollateralRefusal;
}

/** For what, and how long, a service is not to be asked again. */
export interface Pauses {
  /** What to throw instead of asking; undefined when asking is allowed. */
  refusalNow(names: readonly string[], at: number): Error | undefined;
  add(name: string, refusal: CollateralRefusal, at: number): void;
  /** After an answer; one that was on its way already ends no pause that still runs. */
  end(names: readonly string[], at: number): void;
}

/** No pauses yet. `random` gives a number from 0 to below 1. */
export function createPauses(random: () => number): Pauses {
  const pauses = new Map<string, Pause>();
  return {
    refusalNow(names, at) {
      const active = names
        .map((name) => pauses.get(name))
        .filter((pause) => pause !== undefined)
        .filter((pause) => isRunning(pause, at));
      const [longest] = active.toSorted((a, b) => b.until - a.until);
      if (longest === undefined) return undefined;
      const { until, refusal } = longest;
      const { kind, ...details } = refusal;
      const message = `the source is not asked again for ${Math.ceil((until - at) / 1000)} s`;
      return unavailable(kind, message, { ...details, retryAfterMs: until - at });
    },
    add(name, refusal, at) {
      const failures = (pauses.get(name)?.failures ?? 0) + 1;
      pauses.delete(name);
      const until = at + pauseMs(refusal, failures, random());
      pauses.set(name, { from: at, until, failures, refusal });
      const [oldest] = pauses.keys();
      if (pauses.size > MAX_PAUSES && oldest !== undefined) pauses.delete(oldest);
    },
    end(names, at) {
      for (const name of names) {
        const pause = pauses.get(name);
        if (pause !== undefined && !isRunning(pause, at)) pauses.delete(name);
      }
    },
  };
}

/** A clock that was set back must not make a pause longer. */
function isRunning({ from, until }: Pause, at: number): boolean {
  return from <= at && at < until;
}

/** Half of the doubling pause is jitter; what a service asks for is a minimum. */
function pauseMs(
  { kind, retryAfterMs }: CollateralRefusal,
  failures: number,
  jitter: number,
): number {
  if (kind === "unknown") return NEGATIVE_MS;
  const ceiling = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 30), LAST_PAUSE_MS);
  const backoff = ceiling * (0.5 + jitter / 2);
  return Math.max(backoff, (retryAfterMs ?? 0) * (1 + SPREAD * jitter));
}
