import type { ServerUnaryCall, sendUnaryData, UntypedHandleCall } from "@grpc/grpc-js";
import type { MethodMetrics } from "./grpc-metrics.ts";
import { RpcError, rpcCode } from "./rpc-status.ts";

/** Wraps an answer as a unary handler that records itself. A thrown `RpcError` is the call's status. */
export function unaryHandler<Request, Response>(
  metrics: MethodMetrics,
  answer: (request: Request) => Response | Promise<Response>,
): UntypedHandleCall {
  return (call: ServerUnaryCall<Request, Response>, respond: sendUnaryData<Response>): void => {
    const startedAt = performance.now();
    metrics.started();
    metrics.received();
    const succeed = (response: Response): void => {
      metrics.sent();
      metrics.handled(rpcCode.ok, secondsSince(startedAt));
      respond(null, response);
    };
    const fail = (error: unknown): void => {
      const { grpcCode, details } = asRpcError(error);
      metrics.handled(grpcCode, secondsSince(startedAt));
      respond({ code: grpcCode, details });
    };
    try {
      const answered = answer(call.request);
      if (answered instanceof Promise) answered.then(succeed, fail);
      else succeed(answered);
    } catch (error) {
      fail(error);
    }
  };
}

/** Seconds since a `performance.now()`. */
export function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}

/** Anything that is not a status of ours is an internal error, told to the peer without its text. */
function asRpcError(error: unknown): RpcError {
  return error instanceof RpcError
    ? error
    : new RpcError(rpcCode.internal, "internal error", { cause: error });
}
