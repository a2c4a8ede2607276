import type { ServerWritableStream, UntypedHandleCall } from "@grpc/grpc-js";
import type { MethodMetrics } from "../grpc/grpc-metrics.ts";
import { rpcCode } from "../grpc/rpc-status.ts";
import { secondsSince } from "../grpc/unary-handler.ts";

/** Encoded states that are pushed to whoever watches. */
export interface StateSource {
  /** The state now, a `PublicState`. */
  current(): Uint8Array;
  /** Calls `changed` after each change until the returned function is called. */
  subscribe(changed: () => void): () => void;
}

/** A watcher that hears nothing for three of these takes the connection for dead. */
export const WATCH_HEARTBEAT_MS = 5_000;

/** Sends the state, and again whenever it changed; a slow watcher gets the latest only. */
export function watchHandler(
  source: StateSource,
  metrics: MethodMetrics,
  stopping: AbortSignal,
): UntypedHandleCall {
  return (stream: ServerWritableStream<unknown, Uint8Array>): void => {
    const startedAt = performance.now();
    let full = false;
    let missed = false;
    metrics.started();
    metrics.received();
    const send = (): void => {
      missed = full;
      if (full) return;
      metrics.sent();
      full = !stream.write(source.current());
    };
    stream.on("drain", () => {
      full = false;
      if (missed) send();
    });
    const unsubscribe = source.subscribe(send);
    const heartbeat = setInterval(send, WATCH_HEARTBEAT_MS);
    heartbeat.unref();
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      clearInterval(heartbeat);
      stopping.removeEventListener("abort", end);
      unsubscribe();
      metrics.handled(rpcCode.ok, secondsSince(startedAt));
      stream.end();
    };
    stopping.addEventListener("abort", end);
    stream.once("cancelled", end);
    stream.once("close", end);
    stream.on("error", end);
    send();
  };
}
