import type { CoordinatorConfig } from "../config.ts";
import type { ListeningServer } from "../listen-for-connections.ts";
import type { Log } from "../log.ts";
import { createEventLog, type EventLog } from "./event-log.ts";
import type { BuildInfo, Metrics } from "./metrics.ts";
import { serveMetrics } from "./metrics-server.ts";
import { createReadinessProbe } from "./readiness.ts";
import type { Tracing } from "./tracing.ts";

/** What requests report to. Whatever is not configured is undefined and costs nothing. */
export interface Telemetry {
  readonly metrics?: Metrics;
  readonly events?: EventLog;
  readonly tracing?: Tracing;
}

/** Telemetry with what has to be ended. */
export interface RunningTelemetry extends Telemetry {
  /** Where metrics are served; undefined where they are not. */
  readonly metricsPort: number | undefined;
  /** Stops serving and sends the last spans. May be called twice. */
  close(): Promise<void>;
}

/** What {@link startTelemetry} needs. */
export interface TelemetryDeps {
  readonly config: Pick<CoordinatorConfig, "metricsAddress" | "traces">;
  readonly build: BuildInfo;
  /** The number of section 1.4; 0 while the state is being loaded. */
  readonly state: () => number;
  readonly probeStore: () => Promise<unknown>;
  /** Whether metrics of the process are served too; they watch it until it ends. */
  readonly processMetrics?: boolean;
  readonly clock: () => Date;
  readonly log: Log;
}

/**
 * Starts what the configuration asks for: the metrics server of section 12, and traces. Neither
 * library is loaded where it is not asked for. Throws listen errors.
 */
export async function startTelemetry(deps: TelemetryDeps): Promise<RunningTelemetry> {
  const { config, log, build } = deps;
  const measured = await startMetrics(deps);
  const tracing =
    config.traces === undefined
      ? undefined
      : (await import("./otlp-tracing.ts")).createOtlpTracing({
          config: config.traces,
          build,
          log,
        });
  if (config.traces?.protobufAsked) {
    log.warn({}, "traces are sent as http/json, not http/protobuf");
  }
  const server = measured?.server;
  return {
    ...(measured && { metrics: measured.metrics, events: measured.events }),
    ...(tracing && { tracing }),
    metricsPort: server?.port,
    close: async () => {
      await Promise.all([server?.close(), tracing?.close()]);
    },
  };
}

async function startMetrics({
  config,
  build,
  state,
  probeStore,
  processMetrics,
  clock,
  log,
}: TelemetryDeps): Promise<
  { metrics: Metrics; events: EventLog; server: ListeningServer } | undefined
> {
  const address = config.metricsAddress;
  if (address === undefined) return undefined;
  const { createMetrics } = await import("./metrics.ts");
  const events = createEventLog(clock);
  const metrics = createMetrics({ build, state, events });
  if (processMetrics) {
    const { collectDefaultMetrics } = await import("prom-client");
    collectDefaultMetrics({ register: metrics.registry });
  }
  const readiness = createReadinessProbe({ state, probeStore });
  return {
    metrics,
    events,
    server: await serveMetrics({ address, metrics, events, readiness, log }),
  };
}
