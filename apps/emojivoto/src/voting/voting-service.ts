import { create } from "@bufbuild/protobuf";
import type { UntypedHandleCall } from "@grpc/grpc-js";
import { voteRpcs } from "../gen/catalogue.ts";
import {
  type ResultsResponse,
  ResultsResponseSchema,
  type VoteResponse,
  VoteResponseSchema,
  VotingService,
} from "../gen/emojivoto/v1/voting_pb.ts";
import type { GrpcMetrics } from "../grpc/grpc-metrics.ts";
import type { ServedService } from "../grpc/grpc-server.ts";
import { DOUGHNUT_MESSAGE, RpcError, rpcCode } from "../grpc/rpc-status.ts";
import { serviceDefinitionOf } from "../grpc/service-definition.ts";
import { unaryHandler } from "../grpc/unary-handler.ts";
import type { Poll } from "./poll.ts";

/** The most votes an int32 can tell. */
const MAX_INT32 = 2 ** 31 - 1;

/** Creates `emojivoto.v1.VotingService`: the original's 100 vote RPCs and `Results`. */
export function createVotingService({
  poll,
  metrics,
}: {
  readonly poll: Poll;
  readonly metrics: GrpcMetrics;
}): ServedService {
  const method = (grpc_method: string) =>
    metrics({ grpc_type: "unary", grpc_service: VotingService.typeName, grpc_method });
  // All vote RPCs share one label: a series for each would tell whoever scrapes often enough what was chosen.
  const voteMetrics = method("Vote");
  const counted = create(VoteResponseSchema);
  const handlers: Record<string, UntypedHandleCall> = {
    Results: unaryHandler(method("Results"), () => resultsOf(poll)),
  };
  for (const { rpc, number } of voteRpcs) {
    handlers[rpc] = unaryHandler(voteMetrics, (): VoteResponse => {
      const code = poll.cast(number);
      if (code !== rpcCode.ok) throw new RpcError(code, DOUGHNUT_MESSAGE);
      return counted;
    });
  }
  return { definition: serviceDefinitionOf(VotingService), handlers };
}

function resultsOf(poll: Poll): ResultsResponse {
  const results = poll.standings().map(({ shortcode, votes }) => ({
    Shortcode: shortcode,
    Votes: Math.min(votes, MAX_INT32),
  }));
  return create(ResultsResponseSchema, { results });
}
