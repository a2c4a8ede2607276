import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { GrpcChannel } from "../grpc/grpc-channel.ts";
import { rpcCode } from "../grpc/rpc-status.ts";
import type { Log } from "../service/log.ts";
import { answerError, answerVoteCounted } from "./answers.ts";
import type { AttestationFacts } from "./attestation.ts";
import { answerBrokenRequests, failureCodeOf } from "./broken-requests.ts";
import { type CatalogueCache, createCatalogueCache } from "./catalogue.ts";
import { answerFailed, answerVoteFailed } from "./failures.ts";
import { createLeaderboard } from "./leaderboard.ts";
import { type Assets, createPageFiles } from "./page-files.ts";
import { createReadRoutes, type ReadRoutes } from "./read-routes.ts";
import { createReadiness } from "./readiness.ts";
import { createVoteRoute, isFromElsewhere, type VoteRoute } from "./vote-route.ts";
import { createVoteStream, type VoteStream } from "./vote-stream.ts";

/** What the web service is made from. */
export interface WebOptions {
  readonly assets: Assets;
  readonly attestation: AttestationFacts;
  readonly emoji: GrpcChannel;
  readonly voting: GrpcChannel;
  readonly log: Log;
  /** Time a back end has to answer; the request then gets 504. */
  readonly deadlineMs?: number;
  /** Overrides of what a client gets, for tests. */
  readonly limits?: Partial<typeof LIMITS>;
}

/** The web service, not listening yet. */
export interface Web {
  readonly server: Server;
  /** Ends the connections to the back ends; for after the server closed. */
  disconnect(): void;
}

const DEADLINE_MS = 2_000;
/** Time a client has to send its headers, and its whole request; how often that is looked at. */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
};
/** Connections at once; each costs some 50 KiB with its TLS state. */
const MAX_CONNECTIONS = 4_096;
const READ_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** Creates the web service: REST API, probes and the page. */
export function createWeb(options: WebOptions): Web {
  const { attestation, emoji, voting, log, deadlineMs = DEADLINE_MS } = options;
  const catalogue = createCatalogueCache({ channel: emoji, now, deadlineMs });
  const votes = voteStreamOf({ catalogue, voting, log, deadlineMs });
  const handle = requestHandler({
    catalogue,
    log,
    voteRoute: createVoteRoute({ catalogue, votes }),
    read: createReadRoutes({
      attestation,
      catalogue,
      board: createLeaderboard({ catalogue, voting, deadlineMs }),
      isReady: createReadiness({ catalogue, voting, deadlineMs }),
      pages: createPageFiles(options.assets),
    }),
  });
  const server = createServer({ ...LIMITS, ...options.limits }, handle);
  server.maxConnections = MAX_CONNECTIONS;
  answerBrokenRequests(server, log);
  return {
    server,
    disconnect: () => {
      votes.close();
      emoji.close();
      voting.close();
    },
  };
}

const now = (): number => performance.now();

function voteStreamOf({
  catalogue,
  voting,
  log,
  deadlineMs,
}: {
  readonly catalogue: CatalogueCache;
  readonly voting: GrpcChannel;
  readonly log: Log;
  readonly deadlineMs: number;
}): VoteStream<ServerResponse> {
  return createVoteStream<ServerResponse>({
    channel: voting,
    now,
    deadlineMs,
    settle: (response, code) => {
      if (code === rpcCode.ok) answerVoteCounted(response);
      else answerVoteFailed(response, code);
    },
    onDown: ({ grpcCode, message }) => {
      catalogue.expire();
      log.warn({ grpcCode, reason: message }, "vote stream is down");
    },
  });
}

/** Whether the target alone says what is asked: a GET, or a POST that declares an empty body. */
function hasNoBody({ method, headers }: IncomingMessage): boolean {
  return method === "GET" || (method === "POST" && headers["content-length"] === "0");
}

function requestHandler({
  catalogue,
  voteRoute,
  read,
  log,
}: {
  readonly catalogue: CatalogueCache;
  readonly voteRoute: VoteRoute;
  readonly read: ReadRoutes;
  readonly log: Log;
}): (request: IncomingMessage, response: ServerResponse) => void {
  const settled = (answered: Promise<void>, response: ServerResponse): void => {
    answered.catch((error: unknown) => {
      // A request that broke off or took too long was answered and logged with its connection.
      if (response.socket?.writable !== true) return;
      // Nothing about the request: a line and its time would tell who voted for what.
      const reason = error instanceof Error ? error.message : "unknown";
      log.warn({ code: failureCodeOf(error), reason }, "request failed");
      if (!response.headersSent) answerFailed(response, error);
    });
  };

  return (request, response) => {
    const { url = "/", method = "GET" } = request;
    // The hot path: a vote in the usual words that has no body needs no parsing.
    const known = hasNoBody(request) ? catalogue.peek()?.targets.get(url) : undefined;
    if (known !== undefined && !isFromElsewhere(request)) {
      voteRoute.cast(known, response);
      return;
    }
    const question = url.indexOf("?");
    const path = question < 0 ? url : url.slice(0, question);
    if (path === "/api/vote") {
      settled(voteRoute.vote(request, response), response);
    } else if (!READ_METHODS.has(method)) {
      answerError(response, 405, "Method not allowed", ["Allow", [...READ_METHODS].join(", ")]);
    } else {
      settled(read(path, response), response);
    }
  };
}
