import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
} from "../gen/grpc/health/v1/health_pb.ts";
import type { GrpcChannel } from "../grpc/grpc-channel.ts";
import { HEALTH_CHECK_PATH, servingStatus } from "../grpc/health-service.ts";
import type { CatalogueCache } from "./catalogue.ts";
import { coalesce } from "./coalesce.ts";
import type { StateFeed } from "./state-feed.ts";

/** Creates the check behind `/readyz`: catalogue and state are there and the voting service serves. Never rejects. */
export function createReadiness({
  catalogue,
  feed,
  voting,
  deadlineMs,
}: {
  readonly catalogue: CatalogueCache;
  readonly feed: StateFeed;
  readonly voting: Pick<GrpcChannel, "unary">;
  readonly deadlineMs: number;
}): () => Promise<boolean> {
  const request = toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema));
  return coalesce(async () => {
    try {
      await catalogue.get();
      await feed.get();
      const answer = await voting.unary(HEALTH_CHECK_PATH, request, deadlineMs);
      return fromBinary(HealthCheckResponseSchema, answer).status === servingStatus.serving;
    } catch {
      return false;
    }
  });
}
