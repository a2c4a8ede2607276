import { create } from "@bufbuild/protobuf";
import type { ServiceDefinition, UntypedHandleCall } from "@grpc/grpc-js";
import { type CastStatus, castStatus } from "../ballot/cast-status.ts";
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
import type { Standing } from "./choices.ts";

/** The most votes an int32 can tell. */
const MAX_INT32 = 2 ** 31 - 1;

/** Creates `emojivoto.v1.VotingService`: `Results`, and with `cast` the original's 100 vote RPCs. */
export function createVotingService({
  standings,
  cast,
  metrics,
}: {
  /** Empty while results are hidden. */
  readonly standings: () => readonly Standing[];
  /** Casts one vote; undefined leaves the vote RPCs out. */
  readonly cast: ((choice: number) => Promise<CastStatus>) | undefined;
  readonly metrics: GrpcMetrics;
}): ServedService {
  const method = (grpc_method: string) =>
    metrics({ grpc_type: "unary", grpc_service: VotingService.typeName, grpc_method });
  const all = serviceDefinitionOf(VotingService);
  const handlers: Record<string, UntypedHandleCall> = {
    Results: unaryHandler(method("Results"), () => resultsOf(standings())),
  };
  if (cast === undefined) return { definition: onlyResults(all), handlers };
  // All vote RPCs share one label: a series for each would tell whoever scrapes often enough what was chosen.
  const voteMetrics = method("Vote");
  const counted = create(VoteResponseSchema);
  for (const { rpc, number } of voteRpcs) {
    handlers[rpc] = unaryHandler(voteMetrics, async (): Promise<VoteResponse> => {
      const status = await cast(number);
      if (status !== castStatus.done) throw rpcErrorOf(status);
      return counted;
    });
  }
  return { definition: all, handlers };
}

function onlyResults({ Results }: ServiceDefinition): ServiceDefinition {
  return Results === undefined ? {} : { Results };
}

function rpcErrorOf(status: CastStatus): RpcError {
  if (status === castStatus.refused) return new RpcError(rpcCode.unknown, DOUGHNUT_MESSAGE);
  if (status === castStatus.ledgerUnavailable) {
    return new RpcError(rpcCode.unavailable, "votes cannot be stored now");
  }
  return new RpcError(rpcCode.failedPrecondition, "the poll does not take this vote");
}

function resultsOf(standings: readonly Standing[]): ResultsResponse {
  const results = standings.map(({ shortcode, votes }) => ({
    Shortcode: shortcode,
    Votes: Math.min(votes, MAX_INT32),
  }));
  return create(ResultsResponseSchema, { results });
}
