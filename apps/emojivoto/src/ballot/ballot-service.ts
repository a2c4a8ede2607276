import { create } from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import {
  BallotService,
  type ConsistencyRequest,
  LogBytesSchema,
  LogHashesSchema,
  LogTextSchema,
  type ProofRequest,
  type TileRequest,
} from "../gen/carrara/ballot/v1/ballot_pb.ts";
import type { GrpcMetrics } from "../grpc/grpc-metrics.ts";
import type { ServedService } from "../grpc/grpc-server.ts";
import { serviceDefinitionOf } from "../grpc/service-definition.ts";
import { unaryHandler } from "../grpc/unary-handler.ts";
import { type AnswerBatch, decodeAnswerBatch, encodeAnswerBatch } from "./answer-batch.ts";
import { type CastBatch, decodeCastBatch, encodeCastBatch } from "./cast-batch.ts";
import { castHandler } from "./cast-handler.ts";
import { type StateSource, watchHandler } from "./watch-handler.ts";

/** Path of the stream of votes, for clients. */
export const CAST_PATH = "/carrara.ballot.v1.BallotService/Cast";
/** Path of the stream of states, for clients. */
export const WATCH_PATH = "/carrara.ballot.v1.BallotService/Watch";

/** Reads of the public log; each throws an `RpcError` with NOT_FOUND for what is not there. */
export interface PublicLog {
  /** The C2SP tlog-proof of a ballot, to the published checkpoint. */
  proof(index: number): string | Promise<string>;
  /** The proof that the log of `to` ballots begins with that of `from`. */
  consistency(from: number, to: number): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** A tile by its path after `tile/` (C2SP tlog-tiles). */
  tile(path: string): Uint8Array | Promise<Uint8Array>;
}

/** Creates `carrara.ballot.v1.BallotService`. */
export function createBallotService(options: {
  readonly cast: (batch: CastBatch) => Promise<AnswerBatch>;
  readonly state: StateSource;
  readonly log: PublicLog;
  readonly metrics: GrpcMetrics;
  /** Ends the streams: what came is answered, nothing more is read. */
  readonly stopping: AbortSignal;
}): ServedService {
  const { cast, state, log, metrics, stopping } = options;
  const recorder = (grpc_method: string, grpc_type: Parameters<GrpcMetrics>[0]["grpc_type"]) =>
    metrics({ grpc_type, grpc_service: BallotService.typeName, grpc_method });
  return {
    definition,
    handlers: {
      Cast: castHandler(cast, recorder("Cast", "bidi_stream"), stopping),
      Watch: watchHandler(state, recorder("Watch", "server_stream"), stopping),
      Proof: unaryHandler(recorder("Proof", "unary"), async ({ index }: ProofRequest) =>
        create(LogTextSchema, { text: await log.proof(Number(index)) }),
      ),
      Consistency: unaryHandler(
        recorder("Consistency", "unary"),
        async ({ from, to }: ConsistencyRequest) =>
          create(LogHashesSchema, {
            hashes: [...(await log.consistency(Number(from), Number(to)))],
          }),
      ),
      Tile: unaryHandler(recorder("Tile", "unary"), async ({ path }: TileRequest) =>
        create(LogBytesSchema, { bytes: await log.tile(path) }),
      ),
    },
  };
}

const { Cast, Watch, ...reads } = serviceDefinitionOf(BallotService);

/** The streams by hand: one for the codec that was written for it, one because states are encoded once for all. */
const definition: ServiceDefinition = {
  ...reads,
  Cast: {
    ...(Cast as MethodDefinition<unknown, unknown>),
    requestSerialize: encodeCastBatch,
    requestDeserialize: decodeCastBatch,
    responseSerialize: encodeAnswerBatch,
    responseDeserialize: decodeAnswerBatch,
  },
  Watch: {
    ...(Watch as MethodDefinition<unknown, unknown>),
    responseSerialize: ({ buffer, byteOffset, byteLength }: Uint8Array) =>
      Buffer.from(buffer, byteOffset, byteLength),
    responseDeserialize: (bytes: Buffer) => bytes,
  },
};
