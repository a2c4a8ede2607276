import { create, toBinary } from "@bufbuild/protobuf";
import type { PollRules } from "@carrara/ballot";
import type { Ledger } from "@carrara/ledger";
import type { StateSource } from "../ballot/watch-handler.ts";
import { type PublicState, PublicStateSchema } from "../gen/carrara/ballot/v1/ballot_pb.ts";
import type { Choices } from "./choices.ts";
import type { PollClock } from "./poll-clock.ts";
import type { Publication } from "./publisher.ts";
import type { KeysSigner } from "./signed-keys.ts";
import { createThrottle } from "./throttle.ts";

/** The state that is pushed, and what makes it another. */
export interface LiveState extends StateSource {
  /** Something of it changed; watchers are told at most four times a second. */
  changed(): void;
  stop(): void;
}

/** What the state is made of. */
export interface LiveStateOptions {
  readonly rules: PollRules;
  readonly choices: Choices;
  readonly ledger: Pick<Ledger, "size" | "superseded" | "tallies">;
  readonly published: () => Publication;
  readonly isStoring: () => boolean;
  readonly keys: KeysSigner;
  readonly clock: Pick<PollClock, "areResultsHidden" | "now" | "state">;
}

/** Milliseconds between two pushes at least. */
const PAUSE_MS = 250;
/** Timers end at 2^31 milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Creates the state of a poll. It changes by itself when the poll opens or closes. */
export function createLiveState(options: LiveStateOptions): LiveState {
  const { rules, clock } = options;
  const listeners = new Set<() => void>();
  let encoded: Uint8Array | undefined;
  let encodedKeys = options.keys.current();
  let timer: NodeJS.Timeout | undefined;

  const throttle = createThrottle(PAUSE_MS, () => {
    encoded = undefined;
    for (const changed of listeners) changed();
  });
  const wait = (): void => {
    const now = clock.now();
    const next = nextChange(rules, now);
    if (next === undefined) return;
    const waitMs = Math.min(next.getTime() - now.getTime() + 1, LONGEST_TIMER_MS);
    timer = setTimeout(() => {
      throttle.trigger();
      wait();
    }, waitMs);
    timer.unref();
  };
  wait();

  return {
    current: () => {
      const keys = options.keys.current();
      // The runtime renews certificates without telling.
      if (keys !== encodedKeys) encoded = undefined;
      encodedKeys = keys;
      encoded ??= toBinary(PublicStateSchema, publicStateOf(options));
      return encoded;
    },
    subscribe: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    changed: throttle.trigger,
    stop: () => {
      throttle.stop();
      clearTimeout(timer);
    },
  };
}

function nextChange({ opens, closes }: PollRules, now: Date): Date | undefined {
  return [opens, closes].find((time) => time !== undefined && time > now);
}

function publicStateOf(options: LiveStateOptions): PublicState {
  const { rules, choices, ledger, published, keys, clock } = options;
  const { size, superseded } = ledger;
  const { checkpoint, tally, witnesses, size: publishedSize } = published();
  // A tally of fewer ballots beside the standings would tell what the ballots between them were for.
  const lags = rules.interimResults === "hidden" && publishedSize !== size;
  const hidden = clock.areResultsHidden() || lags;
  const standings = hidden ? [] : choices.standings(ledger.tallies());
  const signed = keys.current();
  return create(PublicStateSchema, {
    standings: standings.map(({ number, votes: count }) => ({
      choice: number,
      votes: BigInt(count),
    })),
    counted: BigInt(size - superseded),
    superseded: BigInt(superseded),
    treeSize: BigInt(size),
    poll: {
      state: clock.state(),
      opens: timeText(rules.opens),
      closes: timeText(rules.closes),
      revote: rules.revote,
      interimHidden: rules.interimResults === "hidden",
    },
    checkpoint,
    tally: hidden ? "" : tally,
    keys: signed === undefined ? [] : [{ ...signed }],
    accepting: options.isStoring(),
    witnesses,
  });
}

function timeText(time: Date | undefined): string {
  return time?.toISOString().replace(".000Z", "Z") ?? "";
}
