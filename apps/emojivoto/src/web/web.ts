import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { GrpcChannel } from "../grpc/grpc-channel.ts";
import type { RpcError } from "../grpc/rpc-status.ts";
import type { WebResponse } from "../http/exchange.ts";
import { WholeServer } from "../http/whole-server.ts";
import type { Log } from "../service/log.ts";
import { PUBLIC_FRESH_HEADERS } from "./answers.ts";
import { answerApiError } from "./api-error.ts";
import { createBallotIds } from "./ballot-id.ts";
import { answerBrokenRequests, failureCodeOf } from "./broken-requests.ts";
import { createCatalogueCache } from "./catalogue.ts";
import { createEventStream, type EventStream } from "./event-stream.ts";
import type { EvidenceSource } from "./evidence-bundle.ts";
import { answerFailed } from "./failures.ts";
import { createLeaderboard } from "./leaderboard.ts";
import { createLogReader } from "./log-reader.ts";
import { type Assets, createPageFiles } from "./page-files.ts";
import { createPublicDocuments, type PublicDocuments } from "./public-documents.ts";
import { createPublicRoutes } from "./public-routes.ts";
import { createReadRoutes } from "./read-routes.ts";
import { createReadiness } from "./readiness.ts";
import { createRequestHandler, READ_METHODS } from "./request-handler.ts";
import type { StateFeed } from "./state-feed.ts";
import { createVoteRoutes } from "./vote-route.ts";
import type { VoteTicket } from "./vote-ticket.ts";
import { createVotingReplica, createVotingReplicas } from "./voting-replicas.ts";

/** What the web service is made from. */
export interface WebOptions {
  readonly assets: Assets;
  readonly emoji: GrpcChannel;
  /** To each voting replica; all of them over one ledger. */
  readonly voting: readonly GrpcChannel[];
  /** Where the evidence of the mesh comes from; undefined outside a mesh. */
  readonly evidence?: EvidenceSource | undefined;
  readonly log: Log;
  /** Time a back end has to answer; the request then gets 504. */
  readonly deadlineMs?: number;
  /** Overrides of what a client gets, for tests. */
  readonly limits?: Partial<typeof LIMITS>;
}

/** The web service, not listening yet. */
export interface Web {
  readonly server: Server;
  /** Ends the answers that never end by themselves; for before the server closes. */
  endStreams(): void;
  /** Ends the connections to the back ends; for after the server closed. */
  disconnect(): void;
}

const DEADLINE_MS = 2_000;
/**
 * Time a client has to send its headers, and its whole request; how often that is looked at; and how long
 * nothing may pass, since a client that does not read its answers would hold its connection for ever.
 */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
  silenceMs: 60_000,
  /** Between two requests: longer than browsers take to follow a click, short enough to have room for others. */
  keepAliveTimeout: 10_000,
};
/** Connections at once; each costs some 50 KiB with its TLS state. */
const MAX_CONNECTIONS = 4_096;

/** Creates the web service: REST API, probes and the page. */
export function createWeb(options: WebOptions): Web {
  const { emoji, log, deadlineMs = DEADLINE_MS } = options;
  const catalogue = createCatalogueCache({ channel: emoji, now, deadlineMs });
  const onDown = (what: string) => (status: RpcError) => {
    catalogue.expire();
    log.warn({ grpcCode: status.grpcCode, reason: status.message }, what);
  };
  const replicas = options.voting.map((channel) =>
    createVotingReplica<VoteTicket>({
      channel,
      now,
      deadlineMs,
      settle: ({ response, answer }, result) => {
        answer(response, result);
      },
      onDown,
    }),
  );
  const { feed, casts, reads: voting } = createVotingReplicas(replicas);
  const documents = createPublicDocuments({ feed, catalogue });
  const events = boardEvents(feed, documents);
  const reader = createLogReader({ voting, deadlineMs });
  const fail = failureReporter(log);
  const handle = createRequestHandler({
    catalogue,
    documents,
    fail,
    votes: createVoteRoutes({ catalogue, casts, ids: createBallotIds(), fail }),
    read: createReadRoutes({
      catalogue,
      board: createLeaderboard({ catalogue, voting, deadlineMs }),
      isReady: createReadiness({ catalogue, feed, voting, deadlineMs }),
      pages: createPageFiles(options.assets),
      publicRoutes: createPublicRoutes({
        documents,
        feed,
        log: reader,
        evidence: options.evidence,
      }),
    }),
  });
  const { silenceMs, ...limits } = { ...LIMITS, ...options.limits };
  const openEvents = (request: IncomingMessage, response: ServerResponse): void => {
    if (READ_METHODS.has(request.method ?? "")) events.open(request, response);
    else handle(request, response);
  };
  const streams = new Map([["/api/v2/leaderboard/events", openEvents]]);
  const server = new WholeServer({ ...limits, handle, streams });
  server.setTimeout(silenceMs);
  server.maxConnections = MAX_CONNECTIONS;
  answerBrokenRequests(server, log);
  return {
    server,
    endStreams: events.close,
    disconnect: () => {
      events.close();
      casts.close();
      feed.close();
      emoji.close();
      for (const channel of options.voting) channel.close();
    },
  };
}

const now = (): number => performance.now();

/** Tells the log and the client what kept a request from being answered. */
function failureReporter(log: Log): (error: unknown, response: WebResponse) => void {
  return (error, response) => {
    // A request that broke off or took too long was answered and logged with its connection.
    if (response.socket?.writable !== true) return;
    // Nothing about the request: a line and its time would tell who voted for what.
    const reason = error instanceof Error ? error.message : "unknown";
    log.warn({ code: failureCodeOf(error), reason }, "request failed");
    if (!response.headersSent) answerFailed(response, error);
  };
}

/** Sends the board to its viewers whenever it became another. */
function boardEvents(feed: StateFeed, documents: PublicDocuments): EventStream {
  const events = createEventStream({
    headers: PUBLIC_FRESH_HEADERS,
    refuse: (response) => {
      answerApiError(response, "VIEWERS_TOO_MANY");
    },
  });
  let sent = "";
  const publish = (data: Uint8Array): void => {
    const text = Buffer.from(data).toString("latin1");
    if (text === sent) return;
    sent = text;
    events.publish({ id: String(feed.current()?.treeSize ?? 0), name: "board", data });
  };
  feed.subscribe(() => {
    const board = documents.peekBoard();
    if (board !== undefined) publish(board.body);
    else if (feed.current() === undefined) {
      // Or viewers would take the last board for the latest.
      sent = "";
      events.publish({ id: "", name: "away", data: Buffer.from("{}") });
    }
    // The catalogue was not there yet; whoever asks for the board later finds both.
    else {
      documents.board().then(
        ({ body }) => publish(body),
        () => undefined,
      );
    }
  });
  return events;
}
