import type { ServerDuplexStream, UntypedHandleCall } from "@grpc/grpc-js";
import type { MethodMetrics } from "../grpc/grpc-metrics.ts";
import { rpcCode } from "../grpc/rpc-status.ts";
import { secondsSince } from "../grpc/unary-handler.ts";
import type { AnswerBatch } from "./answer-batch.ts";
import type { CastBatch } from "./cast-batch.ts";

/** Batches of one stream under way at once; above it the sender is not read, which fills its own bounded queue. */
const MAX_BATCHES_UNDER_WAY = 256;

/**
 * Answers each batch of the stream when all of it is decided, in whatever order that is. When the service
 * is `stopping`, what came is answered and the stream ends.
 */
export function castHandler(
  cast: (batch: CastBatch) => Promise<AnswerBatch>,
  metrics: MethodMetrics,
  stopping: AbortSignal,
): UntypedHandleCall {
  return (stream: ServerDuplexStream<CastBatch, AnswerBatch>): void => {
    const startedAt = performance.now();
    let underWay = 0;
    let blocked = false;
    let ended = false;
    let failed = false;
    metrics.started();

    const flow = (): void => {
      if (blocked || stopping.aborted || underWay >= MAX_BATCHES_UNDER_WAY) stream.pause();
      else if (stream.isPaused()) stream.resume();
    };
    const finish = (): void => {
      if ((ended || stopping.aborted) && underWay === 0 && !failed) stream.end();
    };
    const answered = (answer: AnswerBatch): void => {
      underWay -= 1;
      if (failed) return;
      metrics.sent();
      // A sender that does not read its answers is not read either.
      if (!stream.write(answer) && !blocked) {
        blocked = true;
        stream.once("drain", () => {
          blocked = false;
          flow();
        });
      }
      flow();
      finish();
    };
    const fail = (): void => {
      if (failed) return;
      failed = true;
      metrics.handled(rpcCode.internal, secondsSince(startedAt));
      stream.destroy();
    };

    const stop = (): void => {
      flow();
      finish();
    };

    stream.on("data", (batch: CastBatch) => {
      metrics.received();
      underWay += 1;
      cast(batch).then(answered, fail);
      flow();
    });
    stopping.addEventListener("abort", stop);
    stream.once("close", () => {
      stopping.removeEventListener("abort", stop);
    });
    stream.once("end", () => {
      ended = true;
      if (!failed) metrics.handled(rpcCode.ok, secondsSince(startedAt));
      finish();
    });
    stream.once("cancelled", () => {
      failed = true;
      stream.end();
    });
    stream.on("error", fail);
  };
}
