import { Counter, type Registry } from "prom-client";
import { createBallotService } from "../ballot/ballot-service.ts";
import type { GrpcMetrics } from "../grpc/grpc-metrics.ts";
import type { ServedService } from "../grpc/grpc-server.ts";
import { rpcCode } from "../grpc/rpc-status.ts";
import { createPoll, type Poll } from "./poll.ts";
import { createVotingService } from "./voting-service.ts";

/** Creates the original's service and the ballot stream over one poll. */
export function createVotingServices(tools: {
  readonly metrics: GrpcMetrics;
  readonly registry: Registry;
  readonly doughnutCounts: boolean;
}): readonly ServedService[] {
  const { metrics, registry } = tools;
  const poll = countingPoll(createPoll(tools), registry);
  return [
    createVotingService({ poll, metrics }),
    createBallotService({ cast: poll.cast, metrics }),
  ];
}

/**
 * Counts votes in a metric without the original's `emoji` label: scraped once a second, a series an
 * emoji is as good as a list of who voted for what and when. The standings are what the poll publishes.
 */
function countingPoll(poll: Poll, registry: Registry): Poll {
  const total = new Counter({
    name: "emojivoto_votes_total",
    help: "Votes counted, for all emoji together.",
    registers: [registry],
  });
  return {
    standings: poll.standings,
    cast: (number) => {
      const code = poll.cast(number);
      if (code === rpcCode.ok) total.inc();
      return code;
    },
  };
}
