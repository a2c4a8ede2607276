import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { WATCH_PATH } from "../ballot/ballot-service.ts";
import { WATCH_HEARTBEAT_MS } from "../ballot/watch-handler.ts";
import {
  type PublicState,
  PublicStateSchema,
  WatchRequestSchema,
} from "../gen/carrara/ballot/v1/ballot_pb.ts";
import type { GrpcChannel, GrpcStream } from "../grpc/grpc-channel.ts";
import { RpcError, rpcCode } from "../grpc/rpc-status.ts";

/** What the voting service pushes: everything that readers are told, from one stream for all of them. */
export interface StateFeed {
  /** The latest state; undefined before the first and while the voting service is away. Starts the feed. */
  current(): PublicState | undefined;
  /** The same, but waits for the first for up to the deadline. Rejects with `RpcError`. */
  get(): Promise<PublicState>;
  /** Calls `changed` after each change of `current`. */
  subscribe(changed: () => void): void;
  /** Ends the feed. May be called twice. */
  close(): void;
}

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;
/** Silence after which the connection counts as dead. */
const STALLED_MS = 3 * WATCH_HEARTBEAT_MS;

/** Creates a feed; connects at the first need and again, after a pause, when the stream broke. */
export function createStateFeed({
  channel,
  deadlineMs,
  onDown,
}: {
  readonly channel: GrpcChannel;
  readonly deadlineMs: number;
  /** Called when a stream that had brought a state ended, with the reason, for the log. */
  readonly onDown: (status: RpcError) => void;
}): StateFeed {
  const listeners: (() => void)[] = [];
  let state: PublicState | undefined;
  let stream: GrpcStream | undefined;
  let retry: NodeJS.Timeout | undefined;
  let watchdog: NodeJS.Timeout | undefined;
  let retryMs = FIRST_RETRY_MS;
  let closed = false;
  let triedAt = Number.NEGATIVE_INFINITY;
  let reason = new RpcError(rpcCode.unavailable, "no state was pushed yet");

  const set = (next: PublicState | undefined): void => {
    state = next;
    for (const changed of listeners) changed();
  };
  const rearm = (): void => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => stream?.destroy(), STALLED_MS);
    watchdog.unref();
  };
  const connect = (): void => {
    clearTimeout(retry);
    retry = undefined;
    triedAt = performance.now();
    stream = channel.openStream(WATCH_PATH, {
      onMessage: (message) => {
        rearm();
        retryMs = FIRST_RETRY_MS;
        set(fromBinary(PublicStateSchema, message));
      },
      onEnd: (status) => {
        clearTimeout(watchdog);
        stream = undefined;
        reason = status.grpcCode === rpcCode.ok ? reason : status;
        if (closed) return;
        retry = setTimeout(connect, retryMs);
        retry.unref();
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
        if (state === undefined) return;
        set(undefined);
        onDown(status);
      },
    });
    stream.send(toBinary(WatchRequestSchema, create(WatchRequestSchema)));
    stream.end();
    rearm();
  };
  const start = (): void => {
    if (stream === undefined && retry === undefined && !closed) connect();
  };

  return {
    current: () => {
      start();
      return state;
    },
    get: async () => {
      start();
      const deadline = performance.now() + deadlineMs;
      // Who asks does not wait for the next planned attempt, but many who ask make no flood of them.
      if (stream === undefined && !closed && performance.now() > triedAt + FIRST_RETRY_MS)
        connect();
      while (state === undefined && stream !== undefined && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      if (state !== undefined) return state;
      throw stream === undefined ? reason : new RpcError(rpcCode.deadlineExceeded, "no state yet");
    },
    subscribe: (changed) => {
      listeners.push(changed);
    },
    close: () => {
      closed = true;
      clearTimeout(retry);
      clearTimeout(watchdog);
      stream?.destroy();
    },
  };
}
