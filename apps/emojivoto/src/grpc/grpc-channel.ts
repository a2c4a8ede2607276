import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { createFrameReader, encodeFrame } from "./message-frame.ts";
import { RpcError, rpcCode } from "./rpc-status.ts";

/** What a stream tells its opener. `onEnd` comes exactly once, last, even when the status is OK. */
export interface StreamEvents {
  onMessage(message: Uint8Array): void;
  onEnd(status: RpcError): void;
}

/** The sending half of a bidirectional stream. */
export interface GrpcStream {
  /** Frames and sends `message`; never blocks, so the caller bounds what it has outstanding. */
  send(message: Uint8Array): void;
  /** Says that no more messages come; answers may. */
  end(): void;
  /** Ends the stream at once (`onEnd` follows) and takes no new calls on its connection, which may be dead. */
  destroy(): void;
}

/** One HTTP/2 connection to one service, made when needed and again after it broke. */
export interface GrpcChannel {
  /** One call, one answer. Rejects with `RpcError`, `deadlineExceeded` after `deadlineMs`. */
  unary(path: string, request: Uint8Array, deadlineMs: number): Promise<Uint8Array>;
  /** Opens a bidirectional stream without a deadline. */
  openStream(path: string, events: StreamEvents): GrpcStream;
  /** Ends the connection and all calls on it. May be called twice. */
  close(): void;
}

/** The longest answer: sealed answers to 128 ballots have 200 kB, a tile of the log 8 kB. */
const MAX_ANSWER_BYTES = 262_144;

/** What a service may send before it hears from us: the usual 64 KiB are one answer to a batch of ballots. */
const WINDOW_BYTES = 1_048_576;

const REQUEST_HEADERS = {
  ":method": "POST",
  ":scheme": "http",
  "content-type": "application/grpc+proto",
  te: "trailers",
};

/**
 * Creates a gRPC client for `address` (`host:port`) on `node:http2`; connects at the first call.
 * Dials the name as given, because the mesh runtime picks the TLS rule by it: a client that resolves
 * names itself and dials numbers (as @grpc/grpc-js does) would leave the mesh. It also costs a third.
 */
export function createGrpcChannel(address: string): GrpcChannel {
  let session: ClientHttp2Session | undefined;

  const retire = (old: ClientHttp2Session | undefined): void => {
    if (old === undefined) return;
    if (session === old) session = undefined;
    if (!old.closed) old.close();
  };

  const current = (): ClientHttp2Session => {
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    const fresh = connect(`http://${address}`, {
      settings: { initialWindowSize: WINDOW_BYTES },
    });
    fresh.once("connect", () => {
      fresh.setLocalWindowSize(WINDOW_BYTES);
    });
    // Streams report the failure to their callers; here it only means that the next call connects anew.
    fresh.on("error", () => {
      retire(fresh);
    });
    fresh.on("goaway", () => {
      retire(fresh);
    });
    session = fresh;
    return fresh;
  };

  return {
    unary: async (path, request, deadlineMs) => {
      const used = current();
      const stream = used.request({
        ...REQUEST_HEADERS,
        ":path": path,
        "grpc-timeout": `${Math.ceil(deadlineMs)}m`,
      });
      return await new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new RpcError(rpcCode.deadlineExceeded, "no answer in time"));
          stream.destroy();
          retire(used);
        }, deadlineMs);
        let answer: Uint8Array | undefined;
        listen(stream, {
          onMessage: (message) => {
            answer = message;
          },
          onEnd: (status) => {
            clearTimeout(timer);
            if (status.grpcCode === rpcCode.ok && answer !== undefined) resolve(answer);
            else reject(status);
          },
        });
        stream.end(encodeFrame(request));
      });
    },
    openStream: (path, events) => {
      const used = current();
      const stream = used.request({ ...REQUEST_HEADERS, ":path": path });
      listen(stream, events);
      return {
        send: (message) => {
          if (stream.writable) stream.write(encodeFrame(message));
        },
        end: () => {
          stream.end();
        },
        destroy: () => {
          stream.destroy();
          retire(used);
        },
      };
    },
    close: () => {
      session?.destroy();
    },
  };
}

function listen(stream: ClientHttp2Stream, events: StreamEvents): void {
  const frames = createFrameReader(MAX_ANSWER_BYTES);
  let status: RpcError | undefined;
  let cause: unknown;
  const takeStatus = (headers: Record<string, unknown>): void => {
    status = statusOf(headers) ?? status;
  };
  stream.on("response", takeStatus);
  stream.on("trailers", takeStatus);
  stream.on("data", (chunk: Buffer) => {
    try {
      for (const message of frames.push(chunk)) events.onMessage(message);
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error("message handler failed"));
    }
  });
  // A server that is done with the call waits for our half, and its shutdown for the call.
  stream.once("end", () => {
    stream.end();
  });
  stream.on("error", (error) => {
    cause = error;
  });
  stream.once("close", () => {
    events.onEnd(status ?? new RpcError(rpcCode.unavailable, "connection is down", { cause }));
  });
}

function statusOf(headers: Record<string, unknown>): RpcError | undefined {
  const httpStatus = headers[":status"];
  if (httpStatus !== undefined && httpStatus !== 200) {
    return new RpcError(
      rpcCode.unavailable,
      `peer answered with HTTP status ${String(httpStatus)}`,
    );
  }
  const code = headers["grpc-status"];
  if (typeof code !== "string") return undefined;
  const message = headers["grpc-message"];
  const number = /^\d{1,2}$/.test(code) ? Number(code) : rpcCode.unknown;
  return new RpcError(number, typeof message === "string" ? percentDecoded(message) : "");
}

/** gRPC percent-encodes messages; a peer that does it wrong is quoted as it is. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
