import { create, toBinary } from "@bufbuild/protobuf";
import type { PollRules } from "@carrara/ballot";
import type { Ledger } from "@carrara/ledger";
import type { StateSource } from "../ballot/watch-handler.ts";
import { type PublicState, PublicStateSchema } from "../gen/carrara/ballot/v1/ballot_pb.ts";
import type { Choices } from "./choices.ts";
import { areResultsHidden, pollStateAt } from "./poll-settings.ts";
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
  readonly now: () => Date;
}

/** Milliseconds between two pushes at least. */
const PAUSE_MS = 250;
/** Timers end at 2^31 milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Creates the state of a poll. It changes by itself when the poll opens or closes. */
export function createLiveState(options: LiveStateOptions): LiveState {
  const { rules, now } = options;
  const listeners = new Set<() => void>();
  let encoded: Uint8Array | undefined;
  let encodedKeys = options.keys.current();
  let clock: NodeJS.Timeout | undefined;

  const throttle = createThrottle(PAUSE_MS, () => {
    encoded = undefined;
    for (const changed of listeners) changed();
  });
  const wait = (): void => {
    const next = nextChange(rules, now());
    if (next === undefined) return;
    const waitMs = Math.min(next.getTime() - now().getTime() + 1, LONGEST_TIMER_MS);
    clock = setTimeout(() => {
      throttle.trigger();
      wait();
    }, waitMs);
    clock.unref();
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
      clearTimeout(clock);
    },
  };
}

function nextChange({ opens, closes }: PollRules, now: Date): Date | undefined {
  return [opens, closes].find((time) => time !== undefined && time > now);
}

function publicStateOf(options: LiveStateOptions): PublicState {
  const { rules, choices, ledger, published, keys, now } = options;
  const hidden = areResultsHidden(rules, now());
  const { size, superseded } = ledger;
  const { checkpoint, tally, witnesses } = published();
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
      state: pollStateAt(rules, now()),
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
