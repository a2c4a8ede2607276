import type { ServerDuplexStream, ServiceDefinition } from "@grpc/grpc-js";
import { BallotService } from "../gen/carrara/ballot/v1/ballot_pb.ts";
import type { GrpcMetrics } from "../grpc/grpc-metrics.ts";
import type { ServedService } from "../grpc/grpc-server.ts";
import { rpcCode } from "../grpc/rpc-status.ts";
import { secondsSince } from "../grpc/unary-handler.ts";
import { type Batch, decodeBatch, encodeBatch } from "./ballot-codec.ts";

/** Path of the stream of votes, for clients. */
export const CAST_PATH = "/carrara.ballot.v1.BallotService/Cast";

/** Creates `carrara.ballot.v1.BallotService`, which casts each vote of a batch and acknowledges each by its status code. */
export function createBallotService({
  cast,
  metrics,
}: {
  /** Casts one vote and returns its gRPC status code. */
  readonly cast: (choice: number) => number;
  readonly metrics: GrpcMetrics;
}): ServedService {
  const recorder = metrics({
    grpc_type: "bidi_stream",
    grpc_service: BallotService.typeName,
    grpc_method: "Cast",
  });
  const handle = (stream: ServerDuplexStream<Batch, Batch>): void => {
    const startedAt = performance.now();
    recorder.started();
    stream.on("data", (batch: Batch) => {
      recorder.received();
      const acknowledged = stream.write({ id: batch.id, values: batch.values.map(cast) });
      recorder.sent();
      // A sender that does not read its answers is not read either.
      if (!acknowledged) pauseUntilDrained(stream);
    });
    stream.once("end", () => {
      recorder.handled(rpcCode.ok, secondsSince(startedAt));
      stream.end();
    });
    stream.once("cancelled", () => {
      stream.end();
    });
    stream.on("error", () => {
      recorder.handled(rpcCode.internal, secondsSince(startedAt));
    });
  };
  return { definition, handlers: { Cast: handle } };
}

function pauseUntilDrained(stream: ServerDuplexStream<Batch, Batch>): void {
  stream.pause();
  stream.once("drain", () => {
    stream.resume();
  });
}

const serialize = (batch: Batch): Buffer => {
  const { buffer, byteOffset, byteLength } = encodeBatch(batch);
  return Buffer.from(buffer, byteOffset, byteLength);
};

/** By hand rather than by `serviceDefinitionOf`, for the codec that was written for it. */
const definition: ServiceDefinition = {
  Cast: {
    path: CAST_PATH,
    requestStream: true,
    responseStream: true,
    requestSerialize: serialize,
    requestDeserialize: decodeBatch,
    responseSerialize: serialize,
    responseDeserialize: decodeBatch,
  },
};
