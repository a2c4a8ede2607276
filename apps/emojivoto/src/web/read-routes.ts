import type { WebRequest, WebResponse } from "../http/exchange.ts";
import { answerError, answerFile, answerJson, answerText } from "./answers.ts";
import type { BoardRow } from "./board-document.ts";
import type { CatalogueCache } from "./catalogue.ts";
import { goJson } from "./go-json.ts";
import type { PageFiles } from "./page-files.ts";
import type { PublicRoutes } from "./public-routes.ts";

/** What the reading routes read. */
export interface ReadSources {
  readonly catalogue: CatalogueCache;
  readonly board: () => Promise<readonly BoardRow[]>;
  readonly isReady: () => Promise<boolean>;
  readonly pages: PageFiles;
  readonly publicRoutes: PublicRoutes;
}

/** Answers everything that changes nothing: by path, with 404 for the unknown. Rejects with `RpcError`. */
export type ReadRoutes = (
  path: string,
  request: WebRequest,
  response: WebResponse,
) => Promise<void>;

/** Our own routes; all others are the original's, the probes' and the page's. */
const OWN = "/api/v2/";

/** Creates the reading routes. */
export function createReadRoutes(sources: ReadSources): ReadRoutes {
  const { catalogue, board, isReady, pages, publicRoutes } = sources;
  return async (path, request, response) => {
    if (path.startsWith(OWN)) {
      await publicRoutes(path.slice(OWN.length), request, response);
      return;
    }
    switch (path) {
      case "/api/list":
        answerJson(response, (await catalogue.get()).json);
        return;
      case "/api/leaderboard":
        answerJson(response, jsonLine((await board()).map(rowOfVersion1)));
        return;
      case "/healthz":
        answerText(response, 200, "ok");
        return;
      case "/readyz":
        if (await isReady()) answerText(response, 200, "ready");
        else answerText(response, 503, "not ready");
        return;
      default:
        answerPage(path, pages, response);
    }
  };
}

function answerPage(path: string, pages: PageFiles, response: WebResponse): void {
  const file = pages.find(path);
  if (file !== undefined) answerFile(response, file);
  else if (path.startsWith("/api/") || path === "/api") answerError(response, 404, "Not found");
  else answerFile(response, pages.shell, 404);
}

/** The original counts in decimal strings. */
function rowOfVersion1({ shortcode, unicode, votes }: BoardRow): object {
  return { shortcode, unicode, votes: String(votes) };
}

function jsonLine(value: unknown): Uint8Array {
  return Buffer.from(`${goJson(value)}\n`);
}
