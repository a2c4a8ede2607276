import type { IncomingMessage, ServerResponse } from "node:http";
import { rpcCode } from "../grpc/rpc-status.ts";
import { answerError } from "./answers.ts";
import type { CatalogueCache } from "./catalogue.ts";
import { answerVoteFailed } from "./failures.ts";
import { readBody } from "./read-body.ts";
import { choiceOfBody, choiceOfTarget } from "./vote-choice.ts";
import type { VoteStream } from "./vote-stream.ts";

/** The answers to `/api/vote`. */
export interface VoteRoute {
  /** Casts the vote that the request asks for, after all checks. Rejects when the catalogue cannot be had, or the body not read. */
  vote(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Casts a vote for a known choice. */
  cast(choice: number, response: ServerResponse): void;
}

/** A vote has about 30 bytes, or 128 as the page pads it. */
const MAX_BODY_BYTES = 4_096;
const METHODS: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "PATCH"]);

/** Creates the route. Checks come in the original's order: parameter, catalogue, vote. */
export function createVoteRoute({
  catalogue,
  votes,
}: {
  readonly catalogue: CatalogueCache;
  readonly votes: VoteStream<ServerResponse>;
}): VoteRoute {
  const cast = (choice: number, response: ServerResponse): void => {
    const code = votes.cast(choice, response);
    if (code !== rpcCode.ok) answerVoteFailed(response, code);
  };

  const castNamed = async (shortcode: string, response: ServerResponse): Promise<void> => {
    if (shortcode === "") {
      answerError(response, 400, "Emoji choice [] is mandatory");
      return;
    }
    const { choices } = await catalogue.get();
    const choice = choices.get(shortcode);
    if (choice === undefined) {
      answerError(response, 400, `Choosen emoji shortcode [${shortcode}] doesnt exist`);
    } else {
      cast(choice, response);
    }
  };

  const castByBody = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request, MAX_BODY_BYTES);
    const inBody = await choiceOfBody(request.headers["content-type"], body);
    await castNamed(inBody ?? choiceOfTarget(request.url ?? "") ?? "", response);
  };

  return {
    cast,
    vote: async (request, response) => {
      const { method = "", url = "" } = request;
      if (!METHODS.has(method)) {
        answerError(response, 405, "Method not allowed", ["Allow", [...METHODS].join(", ")]);
      } else if (isFromElsewhere(request)) {
        answerError(response, 403, "Votes from other sites are not counted");
      } else if (method === "GET") {
        await castNamed(choiceOfTarget(url) ?? "", response);
      } else {
        await castByBody(request, response);
      }
    },
  };
}

/** Whether a browser says that another site, or a guess of its own, made it send this. */
export function isFromElsewhere({ headers }: IncomingMessage): boolean {
  return headers["sec-fetch-site"] === "cross-site" || headers["sec-purpose"] !== undefined;
}
