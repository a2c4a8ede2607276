import { ClientError } from "@carrara/client";
import type { WebRequest, WebResponse } from "../http/exchange.ts";
import { answerError, answerReady, readyPublicAnswer } from "./answers.ts";
import { answerApiError, apiErrorOf } from "./api-error.ts";
import type { EvidenceSource } from "./evidence-bundle.ts";
import type { LogReader } from "./log-reader.ts";
import type { PublicDocuments } from "./public-documents.ts";
import type { StateFeed } from "./state-feed.ts";

/** What anybody may read, from any origin: `path` is what follows `/api/v2/`. Never rejects. */
export type PublicRoutes = (
  path: string,
  request: WebRequest,
  response: WebResponse,
) => Promise<void>;

/** What the public routes read. */
export interface PublicSources {
  readonly documents: PublicDocuments;
  readonly feed: StateFeed;
  readonly log: LogReader;
  /** Undefined outside a mesh. */
  readonly evidence: EvidenceSource | undefined;
}

const TILE = "ballot/tile/";
const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;

/** Creates the public routes. */
export function createPublicRoutes(sources: PublicSources): PublicRoutes {
  return async (path, request, response) => {
    try {
      await answer(sources, path, request, response);
    } catch (error) {
      if (response.headersSent) throw error;
      answerApiError(
        response,
        error instanceof ClientError ? "COORDINATOR_UNAVAILABLE" : apiErrorOf(error),
      );
    }
  };
}

async function answer(
  { documents, evidence, feed, log }: PublicSources,
  path: string,
  request: WebRequest,
  response: WebResponse,
): Promise<void> {
  switch (path) {
    case "leaderboard":
      answerReady(response, await documents.board());
      return;
    case "ballot/keys":
      answerReady(response, await documents.keys());
      return;
    case "ballot/checkpoint":
      answerReady(response, await documents.checkpoint());
      return;
    case "ballot/tally": {
      const tally = await documents.tally();
      if (tally === undefined) answerApiError(response, "RESULTS_HIDDEN");
      else answerReady(response, tally);
      return;
    }
    case "ballot/proof":
      await answerProof(log, request, response);
      return;
    case "ballot/consistency":
      await answerConsistency(log, request, response);
      return;
    case "evidence":
      if (evidence === undefined) answerApiError(response, "COORDINATOR_UNAVAILABLE");
      else {
        const bundle = await evidence.bundle(await feed.get());
        answerReady(response, readyPublicAnswer("json", bundle));
      }
      return;
    default:
      if (path.startsWith(TILE)) {
        const tile = await log.tile(path.slice(TILE.length));
        answerReady(response, readyPublicAnswer("bytes", tile, true));
      } else answerError(response, 404, "Not found");
  }
}

async function answerProof(
  log: LogReader,
  request: WebRequest,
  response: WebResponse,
): Promise<void> {
  const [index] = numbersOf(request, ["index"]);
  if (index === undefined) answerApiError(response, "QUERY_INVALID");
  else {
    const proof = await log.proof(index);
    answerReady(response, readyPublicAnswer("text", Buffer.from(proof)));
  }
}

async function answerConsistency(
  log: LogReader,
  request: WebRequest,
  response: WebResponse,
): Promise<void> {
  const [from, to] = numbersOf(request, ["from", "to"]);
  if (from === undefined || to === undefined || from > to) {
    answerApiError(response, "QUERY_INVALID");
    return;
  }
  const hashes = (await log.consistency(from, to)).map((hash) =>
    Buffer.from(hash).toString("base64"),
  );
  const body = Buffer.from(`${JSON.stringify({ hashes })}\n`);
  answerReady(response, readyPublicAnswer("json", body));
}

/** Decimal parameters of the query; undefined for those that are missing, repeated or too large. */
function numbersOf(
  { url = "" }: WebRequest,
  names: readonly string[],
): readonly (number | undefined)[] {
  const question = url.indexOf("?");
  const query = new URLSearchParams(question < 0 ? "" : url.slice(question + 1));
  return names.map((name) => {
    const [text, ...more] = query.getAll(name);
    const number = Number(text);
    const valid = text !== undefined && more.length === 0 && DECIMAL.test(text);
    return valid && Number.isSafeInteger(number) ? number : undefined;
  });
}
