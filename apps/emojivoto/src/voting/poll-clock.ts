import type { PollRules } from "@carrara/ballot";
import type { Ledger } from "@carrara/ledger";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import type { Log } from "../service/log.ts";
import type { EndMark } from "./end-mark.ts";
import { type PollState, pollStateAt } from "./poll-settings.ts";

/**
 * Where a poll stands. The host sets the machine's clock: here it never goes back, and results that are
 * hidden until the end are shown only when nothing can be counted any more, ever. Else a clock that is set
 * forward and back would show the result after each single vote.
 */
export interface PollClock {
  state(): PollState;
  /** Never earlier than before. */
  now(): Date;
  /** Whether results are hidden now. */
  areResultsHidden(): boolean;
  /** Runs what counts ballots that came while the poll was open: no result is shown before it is done. */
  counting<T>(work: () => Promise<T>): Promise<T>;
  /** Calls `shown` when results that were hidden are not any more. */
  onShown(shown: () => void): void;
}

/** What a clock needs. */
export interface PollClockOptions {
  readonly rules: PollRules;
  readonly ledger: Pick<Ledger, "checkpoint" | "status">;
  readonly now: () => Date;
  /** Remembers over restarts that the results were shown; undefined outside a mesh. */
  readonly mark: EndMark | undefined;
  readonly log: Log;
}

/** How long until a Coordinator that did not answer is asked again, in ms. */
const RETRY_MS = 1_000;

/** Reads the mark and creates the clock. Throws `POLL_RESULT_CHANGED`, and what the mark throws. */
export async function openPollClock(options: PollClockOptions): Promise<PollClock> {
  const { rules, ledger, mark } = options;
  const { closes, interimResults } = rules;
  const hides = interimResults === "hidden";
  if (!hides || closes === undefined || mark === undefined) return createPollClock(options, false);
  const found = await mark.read();
  if (found !== 0n && found !== mark.markOf(ledger.checkpoint().root)) throw resultChanged();
  return createPollClock(options, found !== 0n);
}

function createPollClock(options: PollClockOptions, wasShown: boolean): PollClock {
  const { rules, ledger, mark, log } = options;
  const hides = rules.interimResults === "hidden";
  let latest = wasShown ? (rules.closes ?? new Date(0)) : new Date(0);
  let isShown = wasShown;
  let isBroken = false;
  let isAway = false;
  let underWay = 0;
  let showing: Promise<void> | undefined;
  let whenShown = (): void => undefined;

  const now = (): Date => {
    const read = options.now();
    if (read > latest) latest = read;
    return latest;
  };
  const state = (): PollState => pollStateAt(rules, now());
  /** Nothing is under way, nor written without anybody knowing whether. */
  const isOver = (): boolean =>
    state() === "closed" && underWay === 0 && ledger.status().kind === "writable";
  const show = async ({ set, markOf }: EndMark): Promise<void> => {
    try {
      const value = markOf(ledger.checkpoint().root);
      isShown = await set(value);
      if (isShown) return whenShown();
      isBroken = true;
      const { code, message } = resultChanged();
      log.error({ code, reason: message }, "results stay hidden");
    } catch {
      if (!isAway) log.warn({}, "coordinator does not take the mark of the poll's end");
      isAway = true;
      setTimeout(tryToShow, RETRY_MS).unref();
    } finally {
      showing = undefined;
    }
  };
  const tryToShow = (): void => {
    if (!hides || isShown || isBroken || showing !== undefined || !isOver()) return;
    if (mark === undefined) isShown = true;
    else showing = show(mark);
  };

  return {
    now,
    state,
    areResultsHidden: () => {
      tryToShow();
      return hides && !isShown;
    },
    counting: async (work) => {
      underWay += 1;
      try {
        return await work();
      } finally {
        underWay -= 1;
        if (underWay === 0 && hides && state() === "closed") {
          tryToShow();
          if (isShown) whenShown();
        }
      }
    },
    onShown: (shown) => {
      whenShown = shown;
    },
  };
}

function resultChanged(): EmojivotoError {
  return new EmojivotoError(
    "POLL_RESULT_CHANGED",
    "the ledger is not the one whose result was shown when the poll closed",
  );
}
