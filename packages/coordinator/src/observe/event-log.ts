import { toBase64 } from "@carrara/encoding";

/** An activation that was granted. */
interface ActivationEvent {
  readonly marbleType: string;
  readonly uuid: string;
  /** As the Marble sent it; empty without attestation. */
  readonly quote: Uint8Array;
}

/** The latest activations, in memory. */
export interface EventLog {
  add(event: ActivationEvent): void;
  /** The body of `/events`: a JSON array, oldest first, or `null` when nothing has happened. */
  json(): string;
  /** How many have made room for later ones. */
  dropped(): number;
}

/** Events that are kept: 1000 quotes of 5 KB are 5 MB, of the largest size 64 MB. */
const MAX_EVENTS = 1000;

/** Remembers the last `limit` activations (section 12; upstream keeps all of them). */
export function createEventLog(clock: () => Date, limit: number = MAX_EVENTS): EventLog {
  const events: TimedEvent[] = [];
  let added = 0;
  return {
    add: (event) => {
      events[added % limit] = { ...event, time: clock() };
      added += 1;
    },
    json: () => {
      if (added === 0) return "null";
      const oldest = added > limit ? added % limit : 0;
      const ordered = [...events.slice(oldest), ...events.slice(0, oldest)];
      return JSON.stringify(ordered.map(eventJson));
    },
    dropped: () => Math.max(0, added - limit),
  };
}

interface TimedEvent extends ActivationEvent {
  readonly time: Date;
}

function eventJson({ time, marbleType, uuid, quote }: TimedEvent) {
  // Go writes bytes that were not sent as null.
  const encoded = quote.length === 0 ? null : toBase64(quote);
  return { time: time.toISOString(), activation: { marbleType, uuid, quote: encoded } };
}
