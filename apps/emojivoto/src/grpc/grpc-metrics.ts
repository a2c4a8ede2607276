import { Counter, Histogram, type Registry } from "prom-client";
import { statusNames } from "./rpc-status.ts";

/** One method as the metrics name it. */
interface MethodLabels {
  readonly grpc_type: "unary" | "bidi_stream" | "server_stream";
  readonly grpc_service: string;
  readonly grpc_method: string;
}

/** Records the calls of one method. */
export interface MethodMetrics {
  started(): void;
  received(): void;
  sent(): void;
  handled(grpcCode: number, seconds: number): void;
}

/** Hands out the recorder of a method, with all its series created at 0. */
export type GrpcMetrics = (method: MethodLabels) => MethodMetrics;

const METHOD = ["grpc_type", "grpc_service", "grpc_method"] as const;
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Registers the `grpc_server_*` family in `registry`. */
export function createGrpcMetrics(registry: Registry): GrpcMetrics {
  const counter = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): Counter<Label> => new Counter({ name, help, labelNames, registers: [registry] });
  const started = counter("grpc_server_started_total", "RPCs started on the server.", METHOD);
  const handled = counter("grpc_server_handled_total", "RPCs completed on the server.", [
    ...METHOD,
    "grpc_code",
  ]);
  const received = counter("grpc_server_msg_received_total", "Messages received.", METHOD);
  const sent = counter("grpc_server_msg_sent_total", "Messages sent.", METHOD);
  const seconds = new Histogram({
    name: "grpc_server_handling_seconds",
    help: "Time from the start of an RPC to its end.",
    labelNames: METHOD,
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  });
  return (method) => {
    const one = {
      started: started.labels(method),
      received: received.labels(method),
      sent: sent.labels(method),
      seconds: seconds.labels(method),
      handled: statusNames.map((grpc_code) => handled.labels({ ...method, grpc_code })),
    };
    for (const child of [one.started, one.received, one.sent, ...one.handled]) child.inc(0);
    seconds.zero(method);
    return {
      started: () => one.started.inc(),
      received: () => one.received.inc(),
      sent: () => one.sent.inc(),
      handled: (grpcCode, took) => {
        one.handled[grpcCode]?.inc();
        one.seconds.observe(took);
      },
    };
  };
}
