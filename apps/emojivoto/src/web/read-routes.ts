import type { ServerResponse } from "node:http";
import { answerError, answerFile, answerJson, answerText } from "./answers.ts";
import type { AttestationFacts } from "./attestation.ts";
import type { CatalogueCache } from "./catalogue.ts";
import { goJson } from "./go-json.ts";
import type { BoardRow } from "./leaderboard.ts";
import type { PageFiles } from "./page-files.ts";

/** What the reading routes read. */
export interface ReadSources {
  readonly attestation: AttestationFacts;
  readonly catalogue: CatalogueCache;
  readonly board: () => Promise<readonly BoardRow[]>;
  readonly isReady: () => Promise<boolean>;
  readonly pages: PageFiles;
}

/** Answers everything that changes nothing: by path, with 404 for the unknown. Rejects with `RpcError`. */
export type ReadRoutes = (path: string, response: ServerResponse) => Promise<void>;

/** Creates the reading routes. */
export function createReadRoutes(sources: ReadSources): ReadRoutes {
  const { catalogue, board, isReady, pages } = sources;
  const attestation = jsonLine(sources.attestation);
  return async (path, response) => {
    switch (path) {
      case "/api/list":
        answerJson(response, (await catalogue.get()).json);
        return;
      case "/api/leaderboard":
        answerJson(response, jsonLine((await board()).map(rowOfVersion1)));
        return;
      case "/api/v2/leaderboard":
        answerJson(response, jsonLine(boardOfVersion2(await board())));
        return;
      case "/api/attestation":
        answerJson(response, attestation);
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

function answerPage(path: string, pages: PageFiles, response: ServerResponse): void {
  const file = pages.find(path);
  if (file !== undefined) answerFile(response, file);
  else if (path.startsWith("/api/") || path === "/api") answerError(response, 404, "Not found");
  else answerFile(response, pages.shell, 404);
}

/** The original counts in decimal strings. */
function rowOfVersion1({ shortcode, unicode, votes }: BoardRow): object {
  return { shortcode, unicode, votes: String(votes) };
}

function boardOfVersion2(results: readonly BoardRow[]): object {
  return { results, total: results.reduce((sum, { votes }) => sum + votes, 0) };
}

function jsonLine(value: unknown): Uint8Array {
  return Buffer.from(`${goJson(value)}\n`);
}
