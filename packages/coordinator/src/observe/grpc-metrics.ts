import { status } from "@grpc/grpc-js";
import type { Registry } from "prom-client";
import { counterOf, histogramOf } from "./instruments.ts";
import { METRICS } from "./metric-names.ts";

/** Counts the calls of the mesh API. */
export interface GrpcMetrics {
  /** Counts a decoded `Activate` call; the result ends it with its status. */
  started(): (code: status) => void;
}

/** The only call there is; unknown ones never reach a handler. */
const ACTIVATE = {
  grpc_type: "unary",
  grpc_service: "rpc.Marble",
  grpc_method: "Activate",
} as const;

/** The `grpc_server_…` metrics, with every series there from the start. */
export function createGrpcMetrics(registry: Registry): GrpcMetrics {
  const started = counterOf(registry, METRICS.grpcStarted).labels(ACTIVATE);
  const received = counterOf(registry, METRICS.grpcReceived).labels(ACTIVATE);
  const sent = counterOf(registry, METRICS.grpcSent).labels(ACTIVATE);
  const seconds = histogramOf(registry, METRICS.grpcSeconds).labels(ACTIVATE);
  const handled = counterOf(registry, METRICS.grpcHandled);
  for (const zero of [started, received, sent]) zero.inc(0);
  for (let code = status.OK; code <= status.UNAUTHENTICATED; code += 1) {
    handled.inc({ ...ACTIVATE, grpc_code: codeName(code) }, 0);
  }
  return {
    started: () => {
      const start = performance.now();
      started.inc();
      received.inc();
      return (code) => {
        handled.inc({ ...ACTIVATE, grpc_code: codeName(code) });
        if (code === status.OK) sent.inc();
        seconds.observe((performance.now() - start) / 1000);
      };
    },
  };
}

/** Names as Go's gRPC metrics have them: `OK`, `Canceled`, `PermissionDenied`. */
function codeName(code: status): string {
  if (code === status.OK) return "OK";
  if (code === status.CANCELLED) return "Canceled";
  return status[code]
    .toLowerCase()
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
