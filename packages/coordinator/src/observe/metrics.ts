import { Registry } from "prom-client";
import { type ActivationMetrics, createActivationMetrics } from "./activation-metrics.ts";
import type { EventLog } from "./event-log.ts";
import { createGrpcMetrics, type GrpcMetrics } from "./grpc-metrics.ts";
import { createHttpMetrics, type HttpMetrics } from "./http-metrics.ts";
import { counterOf, gaugeOf, histogramOf } from "./instruments.ts";
import { METRICS } from "./metric-names.ts";

/** Which build runs. */
export interface BuildInfo {
  readonly version: string;
  /** 40 hex digits, zeros where unknown. */
  readonly commit: string;
}

/** What {@link createMetrics} reads. */
export interface MetricsDeps {
  readonly build: BuildInfo;
  /** The number of section 1.4; 0 while there is none. */
  readonly state: () => number;
  readonly events: Pick<EventLog, "dropped">;
}

/** All metrics of a Coordinator. */
export interface Metrics {
  readonly http: HttpMetrics;
  readonly grpc: GrpcMetrics;
  readonly activations: ActivationMetrics;
  committed(outcome: "saved" | "conflict" | "failed", seconds: number): void;
  /** Counts a scrape around `run`, which gives its HTTP status. */
  scrape(run: () => Promise<number>): Promise<void>;
  /** Where metrics of the process may be added. */
  readonly registry: Registry;
}

/** Makes the metrics of spec marblerun section 12 in a registry of their own. */
export function createMetrics({ build, state, events }: MetricsDeps): Metrics {
  const registry = new Registry();
  gaugeOf(registry, METRICS.version).set({ ...build }, 0);
  gaugeOf(registry, METRICS.state, state);
  counterOf(registry, METRICS.eventsDropped, events.dropped);
  const commits = histogramOf(registry, METRICS.commitSeconds);
  const scrapes = counterOf(registry, METRICS.scrapes);
  const scrapesInFlight = gaugeOf(registry, METRICS.scrapesInFlight);
  for (const code of ["200", "500", "503"]) scrapes.inc({ code }, 0);
  return {
    registry,
    http: createHttpMetrics(registry),
    grpc: createGrpcMetrics(registry),
    activations: createActivationMetrics(registry),
    committed: (outcome, seconds) => commits.observe({ outcome }, seconds),
    scrape: async (run) => {
      scrapesInFlight.inc();
      try {
        scrapes.inc({ code: String(await run()) });
      } finally {
        scrapesInFlight.dec();
      }
    },
  };
}
