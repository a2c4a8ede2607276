import type { TeeError } from "../error.ts";
import type { Pauses } from "./pauses.ts";
import { collateralRefusalOf, unavailable } from "./refusal.ts";
import { waitFor, withLimit } from "./wait.ts";

/** Loads that may run at once: attackers can name many platforms. */
const MAX_LOADS = 32;

/** An answer and how long it holds; times in milliseconds since 1970, both may be infinite. */
export interface Kept<T> {
  readonly value: T;
  /** Never handed out after this. */
  readonly usableUntil: number;
  /** Asked for anew, in the background, from here on. */
  readonly renewAt: number;
}

/** How to get the answer to one request. */
interface AnswerSource<T> {
  /** From the source, checked. Throws `COLLATERAL_UNAVAILABLE`. */
  load(signal: AbortSignal): Promise<Kept<T>>;
  /** From the store, checked as if it came from the source; undefined when there is none. */
  restore(): Promise<Kept<T> | undefined>;
}

/** A bounded memory of answers by key. */
export interface KeptAnswers<T> {
  /** Throws `COLLATERAL_UNAVAILABLE`, or the reason of `signal`, which harms no other caller. */
  get(key: string, source: AnswerSource<T>, signal: AbortSignal | undefined): Promise<T>;
}

/** What {@link createKeptAnswers} needs. */
export interface KeptAnswersOptions {
  /** Answers held; the one not used for longest makes room. */
  readonly capacity: number;
  /** Name of the service's own pause, which holds for all keys. */
  readonly service: string;
  readonly pauses: Pauses;
  readonly now: () => Date;
  readonly loadTimeoutMs: number;
  /** Told of failures that nobody waits for. */
  readonly report: (error: TeeError) => void;
}

/** No answers yet. */
export function createKeptAnswers<T>(options: KeptAnswersOptions): KeptAnswers<T> {
  const { capacity, service, pauses, loadTimeoutMs, report } = options;
  const time = (): number => options.now().getTime();
  const answers = new Map<string, Kept<T>>();
  const flights = new Map<string, Promise<T>>();

  const keep = (key: string, kept: Kept<T>): void => {
    answers.delete(key);
    answers.set(key, kept);
    const [unused] = answers.keys();
    if (answers.size > capacity && unused !== undefined) answers.delete(unused);
  };

  const usable = (key: string): Kept<T> | undefined => {
    const kept = answers.get(key);
    return kept !== undefined && time() <= kept.usableUntil ? kept : undefined;
  };

  const load = async (key: string, source: AnswerSource<T>): Promise<T> => {
    try {
      const kept = await inTime(loadTimeoutMs, async (limit) => await source.load(limit));
      keep(key, kept);
      pauses.end([key, service], time());
      return kept.value;
    } catch (error) {
      const refusal = collateralRefusalOf(error);
      // Who asks too often is silenced for every key, other failures concern one.
      if (refusal !== undefined && refusal.kind !== "unsupported") {
        pauses.add(refusal.kind === "throttled" ? service : key, refusal, time());
      }
      throw error;
    }
  };

  const restoreOrLoad = async (key: string, source: AnswerSource<T>): Promise<T> => {
    const restored = await inTime(loadTimeoutMs, async () => await source.restore());
    if (restored !== undefined && time() <= restored.usableUntil) {
      keep(key, restored);
      return restored.value;
    }
    const refusal = pauses.refusalNow([key, service], time());
    if (refusal !== undefined) throw refusal;
    return await load(key, source);
  };

  const fly = (key: string, start: () => Promise<T>): Promise<T> => {
    if (flights.size >= MAX_LOADS) {
      return Promise.reject(unavailable("throttled", `${MAX_LOADS} answers are awaited already`));
    }
    const flight = start().finally(() => flights.delete(key));
    flights.set(key, flight);
    return flight;
  };

  const renew = (key: string, source: AnswerSource<T>): void => {
    const busy = flights.has(key) || flights.size >= MAX_LOADS;
    if (busy || pauses.refusalNow([key, service], time()) !== undefined) return;
    fly(key, async () => await load(key, source)).catch((error: unknown) => {
      report(asUnavailable(error));
    });
  };

  return {
    async get(key, source, signal) {
      signal?.throwIfAborted();
      const kept = usable(key);
      if (kept === undefined) {
        const flight = flights.get(key) ?? fly(key, async () => await restoreOrLoad(key, source));
        return await waitFor(flight, signal);
      }
      keep(key, kept);
      if (time() >= kept.renewAt) renew(key, source);
      return kept.value;
    },
  };
}

/** Holds sources and stores to the time limit, whether they heed their signal or not. */
async function inTime<T>(timeoutMs: number, work: (limit: AbortSignal) => Promise<T>): Promise<T> {
  return await withLimit(undefined, timeoutMs, async (limit) => {
    try {
      return await waitFor(work(limit), limit);
    } catch (reason) {
      if (collateralRefusalOf(reason) !== undefined || !limit.aborted) throw reason;
      throw unavailable("unreachable", "there was no answer in time", { reason });
    }
  });
}

function asUnavailable(reason: unknown): TeeError {
  if (collateralRefusalOf(reason) !== undefined) return reason as TeeError;
  return unavailable("failed", "collateral could not be renewed", { reason });
}
