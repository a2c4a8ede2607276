import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { MetricDefinition } from "./metric-names.ts";

/** A counter of `definition` in `registry`, read by `collect` at each scrape if given. */
export function counterOf(
  registry: Registry,
  definition: MetricDefinition,
  collect?: () => number,
): Counter {
  const config = configOf(registry, definition);
  if (collect === undefined) return new Counter(config);
  return new Counter({
    ...config,
    collect() {
      this.reset();
      this.inc(collect());
    },
  });
}

/** A gauge of `definition`, read by `collect` at each scrape if given. */
export function gaugeOf(
  registry: Registry,
  definition: MetricDefinition,
  collect?: () => number,
): Gauge {
  const config = configOf(registry, definition);
  if (collect === undefined) return new Gauge(config);
  return new Gauge({
    ...config,
    collect() {
      this.set(collect());
    },
  });
}

/** A histogram of `definition`, which must have buckets. */
export function histogramOf(registry: Registry, definition: MetricDefinition): Histogram {
  const { buckets = [] } = definition;
  return new Histogram({ ...configOf(registry, definition), buckets: [...buckets] });
}

function configOf(registry: Registry, { name, help, labels }: MetricDefinition) {
  return { name, help, labelNames: [...labels], registers: [registry] };
}
