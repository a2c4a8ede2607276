import type { Registry } from "prom-client";
import { counterOf, gaugeOf } from "./instruments.ts";
import { METRICS } from "./metric-names.ts";

/** Whom an attempt named: the type as the manifest has it, or undefined, and any text as UUID. */
interface NamedMarble {
  readonly knownType: string | undefined;
  readonly uuid: string;
}

/** Counts activations. */
export interface ActivationMetrics {
  succeeded(marble: { readonly type: string; readonly uuid: string }): void;
  /** `code` is one of this program's codes. */
  refused(marble: NamedMarble, code: string): void;
}

/**
 * Marbles that have series of their own. Two counters of some 200 bytes a marble: a scrape of all of
 * them is 2 MB.
 */
const MAX_MARBLE_SERIES = 10_000;

/** Label values of what is counted without a name. */
const UNNAMED = "";

/**
 * The `coordinator_marble_activations_…` metrics. Upstream takes both labels from the request, so
 * anyone who reaches the port can make series without end. Here a marble gets series of its own when
 * it is first activated, at most {@link MAX_MARBLE_SERIES} do, and the others share those with an
 * empty `uuid`; a type that the manifest does not have is empty too.
 */
export function createActivationMetrics(
  registry: Registry,
  maxSeries: number = MAX_MARBLE_SERIES,
): ActivationMetrics {
  const attempts = counterOf(registry, METRICS.activations);
  const successes = counterOf(registry, METRICS.activationSuccesses);
  const refusals = counterOf(registry, METRICS.refusals);
  const limitReached = gaugeOf(registry, METRICS.unlabelledActivations);
  const named = new Set<string>();
  const identify = (type: string, uuid: string) => JSON.stringify([type, uuid]);
  const nameOnSuccess = (type: string, uuid: string): boolean => {
    const identity = identify(type, uuid);
    if (named.has(identity)) return true;
    if (named.size >= maxSeries) {
      limitReached.set(1);
      return false;
    }
    named.add(identity);
    return true;
  };
  return {
    succeeded: ({ type, uuid }) => {
      const labels = { type, uuid: nameOnSuccess(type, uuid) ? uuid : UNNAMED };
      attempts.inc(labels);
      successes.inc(labels);
    },
    refused: ({ knownType: type = UNNAMED, uuid }, code) => {
      attempts.inc({ type, uuid: named.has(identify(type, uuid)) ? uuid : UNNAMED });
      refusals.inc({ code });
    },
  };
}
