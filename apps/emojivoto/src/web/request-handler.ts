import { pathOf, type WebRequest, type WebResponse } from "../http/exchange.ts";
import { answerError, answerReady } from "./answers.ts";
import { answerApiError } from "./api-error.ts";
import type { CatalogueCache } from "./catalogue.ts";
import type { PublicDocuments } from "./public-documents.ts";
import type { ReadRoutes } from "./read-routes.ts";
import { isFromElsewhere, type VoteRoutes } from "./vote-route.ts";

/** Methods of what only reads. */
export const READ_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);
const READ_ALLOW = ["Allow", [...READ_METHODS].join(", ")];

/** Creates the listener of the web server: the fast paths, then the routes. */
export function createRequestHandler({
  catalogue,
  documents,
  votes,
  read,
  fail,
}: {
  readonly catalogue: CatalogueCache;
  readonly documents: PublicDocuments;
  readonly votes: VoteRoutes;
  readonly read: ReadRoutes;
  /** Logs and answers what kept a request from being answered. */
  readonly fail: (error: unknown, response: WebResponse) => void;
}): (request: WebRequest, response: WebResponse) => void {
  const answerRead = (path: string, request: WebRequest, response: WebResponse): void => {
    if (READ_METHODS.has(request.method ?? "")) {
      read(path, request, response).catch((error: unknown) => fail(error, response));
    } else if (path.startsWith("/api/v2/")) {
      answerApiError(response, "METHOD_NOT_ALLOWED", READ_ALLOW);
    } else {
      answerError(response, 405, "Method not allowed", READ_ALLOW);
    }
  };

  return (request, response) => {
    const { url = "/", method = "GET" } = request;
    if (url === "/api/v2/leaderboard" && method === "GET") {
      const board = documents.peekBoard();
      if (board !== undefined) {
        answerReady(response, board);
        return;
      }
    }
    // A vote in the usual words that has no body needs no parsing.
    const known = hasNoBody(request) ? catalogue.peek()?.targets.get(url) : undefined;
    if (known !== undefined && !isFromElsewhere(request)) {
      votes.castKnown(known, response);
      return;
    }
    const path = pathOf(url);
    switch (path) {
      case "/api/vote":
        votes.vote(request, response);
        return;
      case "/api/v2/vote":
        votes.voteForReceipt(request, response);
        return;
      case "/api/v2/ballot":
        votes.ballot(request, response);
        return;
      default:
        answerRead(path, request, response);
    }
  };
}

/** Whether the target alone says what is asked: a GET, or a POST that declares an empty body. */
function hasNoBody({ method, headers }: WebRequest): boolean {
  return method === "GET" || (method === "POST" && headers["content-length"] === "0");
}
