import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  ConsistencyRequestSchema,
  LogBytesSchema,
  LogHashesSchema,
  LogTextSchema,
  ProofRequestSchema,
  TileRequestSchema,
} from "../gen/carrara/ballot/v1/ballot_pb.ts";
import type { GrpcChannel } from "../grpc/grpc-channel.ts";
import { RpcError, rpcCode } from "../grpc/rpc-status.ts";

/** Reads of the public log over calls to the voting service. They reject with `RpcError`. */
export interface LogReader {
  /** A C2SP tlog-proof. */
  proof(index: number): Promise<string>;
  /** Hashes of 32 bytes. */
  consistency(from: number, to: number): Promise<readonly Uint8Array[]>;
  /** `path` is what follows `tile/`. */
  tile(path: string): Promise<Uint8Array>;
}

/**
 * Reads under way at once: the voting service hashes for each of them between votes, which thousands of
 * readers must not hold up. Whoever comes on top asks again.
 */
const MAX_READS = 64;

/** Creates a reader over `voting`. */
export function createLogReader({
  voting,
  deadlineMs,
}: {
  readonly voting: Pick<GrpcChannel, "unary">;
  readonly deadlineMs: number;
}): LogReader {
  let underWay = 0;
  const call = async <Request extends DescMessage, Response extends DescMessage>(
    method: string,
    [requestSchema, init]: readonly [Request, MessageInitShape<Request>],
    responseSchema: Response,
  ): Promise<MessageShape<Response>> => {
    if (underWay >= MAX_READS) {
      throw new RpcError(rpcCode.resourceExhausted, `${MAX_READS} reads are under way`);
    }
    const request = toBinary(requestSchema, create(requestSchema, init));
    const path = `/carrara.ballot.v1.BallotService/${method}`;
    underWay += 1;
    try {
      return fromBinary(responseSchema, await voting.unary(path, request, deadlineMs));
    } finally {
      underWay -= 1;
    }
  };
  return {
    proof: async (index) => {
      const request = [ProofRequestSchema, { index: BigInt(index) }] as const;
      return (await call("Proof", request, LogTextSchema)).text;
    },
    consistency: async (from, to) => {
      const request = [ConsistencyRequestSchema, { from: BigInt(from), to: BigInt(to) }] as const;
      return (await call("Consistency", request, LogHashesSchema)).hashes;
    },
    tile: async (path) => (await call("Tile", [TileRequestSchema, { path }], LogBytesSchema)).bytes,
  };
}
