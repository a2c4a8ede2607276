import { collectDefaultMetrics, Registry } from "prom-client";
import { createGrpcMetrics, type GrpcMetrics } from "../grpc/grpc-metrics.ts";
import { createGrpcServer, type ServedService } from "../grpc/grpc-server.ts";
import { closeServer, listenOn } from "../http/http-server.ts";
import type { Log } from "./log.ts";
import { createMetricsServer } from "./metrics-server.ts";
import type { RunningService } from "./run-service.ts";
import { type Environment, optionalPortSetting, portSetting } from "./settings.ts";

/** What a gRPC service of the demo is made from. */
export interface GrpcAppOptions {
  /** `GRPC_PORT` is required; `PROM_PORT` starts the metrics server. */
  readonly env: Environment;
  readonly log: Log;
  /** The address to bind; all addresses unless told. */
  readonly host?: string;
  readonly serve: (tools: { readonly metrics: GrpcMetrics; readonly registry: Registry }) => Served;
}

/** What is served. */
interface Served {
  readonly services: readonly ServedService[];
  /** Whether the service can do its work; health checks say so. Always, unless told. */
  readonly isServing?: () => boolean;
}

/** A started gRPC service and the ports it took. */
export interface GrpcApp extends RunningService {
  readonly grpcPort: number;
  readonly promPort: number | undefined;
}

/** Starts a gRPC service and its metrics. Throws `SETTING_MISSING`, `SETTING_INVALID`. */
export async function startGrpcApp(options: GrpcAppOptions): Promise<GrpcApp> {
  const { env, log, host = "0.0.0.0" } = options;
  const wantedPort = portSetting(env, "GRPC_PORT");
  const wantedPromPort = optionalPortSetting(env, "PROM_PORT");
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { services, isServing } = options.serve({ registry, metrics: createGrpcMetrics(registry) });
  const server = createGrpcServer(services, isServing);
  const metricsServer = createMetricsServer(registry);
  const grpcPort = await server.listen(wantedPort, host);
  const promPort =
    wantedPromPort === undefined ? undefined : await listenOn(metricsServer, wantedPromPort, host);
  log.info({ grpcPort, ...(promPort === undefined ? {} : { promPort }) }, "service is ready");
  return {
    grpcPort,
    promPort,
    stop: async (graceMs) => {
      await server.stop(graceMs);
      await closeServer(metricsServer, 0);
    },
  };
}
