import { SEALED_BALLOT_BYTES } from "@carrara/ballot";
import { castStatus } from "../ballot/cast-status.ts";
import { collectBody } from "../http/collect-body.ts";
import type { WebRequest, WebResponse } from "../http/exchange.ts";
import { answerError } from "./answers.ts";
import { answerApiError } from "./api-error.ts";
import type { BallotIds } from "./ballot-id.ts";
import type { CastStream } from "./cast-stream.ts";
import type { CatalogueCache } from "./catalogue.ts";
import { choiceOfBody, choiceOfTarget, firstChoiceText, isForm } from "./vote-choice.ts";
import { answerBallot, answerOriginal, answerWithReceipt, type VoteTicket } from "./vote-ticket.ts";

/** The answers to everything that casts a vote. */
export interface VoteRoutes {
  /** Casts a vote of the original's route for a known choice. */
  castKnown(choice: number, response: WebResponse): void;
  /** `/api/vote`. */
  vote(request: WebRequest, response: WebResponse): void;
  /** `POST /api/v2/vote`. */
  voteForReceipt(request: WebRequest, response: WebResponse): void;
  /** `POST /api/v2/ballot`. */
  ballot(request: WebRequest, response: WebResponse): void;
}

/** A vote has about 30 bytes, or 128 as the page pads it. */
const MAX_BODY_BYTES = 4_096;
const BALLOT_TYPE = "application/octet-stream";
const METHODS: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "PATCH"]);
const CLOSE = ["Connection", "close"];

/** Creates the routes. Checks of the original's route come in the original's order: parameter, catalogue, vote. */
export function createVoteRoutes({
  catalogue,
  casts,
  ids,
  fail,
}: {
  readonly catalogue: CatalogueCache;
  readonly casts: CastStream<VoteTicket>;
  readonly ids: BallotIds;
  /** Logs and answers what kept a request from being answered. */
  readonly fail: (error: unknown, response: WebResponse) => void;
}): VoteRoutes {
  const castVote = (choice: number, ballotId: Uint8Array, ticket: VoteTicket): void => {
    const wantsReceipt = ticket.answer === answerWithReceipt;
    const status = casts.castVote({ choice, ballotId, wantsReceipt }, ticket);
    if (status !== castStatus.done) ticket.answer(ticket.response, { status });
  };
  const castKnown = (choice: number, response: WebResponse): void => {
    castVote(choice, ids.fresh(), { response, answer: answerOriginal });
  };

  const castNamed = async (shortcode: string, response: WebResponse): Promise<void> => {
    if (shortcode === "") {
      answerError(response, 400, "Emoji choice [] is mandatory");
      return;
    }
    const { choices } = await catalogue.get();
    const choice = choices.get(shortcode);
    if (choice !== undefined) castKnown(choice, response);
    else answerError(response, 400, `Choosen emoji shortcode [${shortcode}] doesnt exist`);
  };
  const castByBody = async (
    { headers, url = "" }: WebRequest,
    body: Buffer,
    response: WebResponse,
  ): Promise<void> => {
    const inBody = await choiceOfBody(headers["content-type"], body);
    await castNamed(inBody ?? choiceOfTarget(url) ?? "", response);
  };
  const settled = (answered: Promise<void>, response: WebResponse): void => {
    answered.catch((error: unknown) => {
      fail(error, response);
    });
  };
  const failing = (response: WebResponse) => (error: unknown) => {
    fail(error, response);
  };
  /** The choice of a body in the usual words, found without parsing. */
  const quickChoice = (body: Buffer): number | undefined =>
    catalogue.peek()?.values.get(firstChoiceText(body));

  const castForReceipt = async (
    body: Buffer,
    id: Uint8Array,
    ticket: VoteTicket,
  ): Promise<void> => {
    const { choices } = await catalogue.get();
    const shortcode = await choiceOfBody(FORM, body);
    const choice = choices.get(shortcode ?? "");
    if (choice === undefined) answerApiError(ticket.response, "CHOICE_UNKNOWN");
    else castVote(choice, id, ticket);
  };

  return {
    castKnown,
    vote: (request, response) => {
      const { method = "", url = "" } = request;
      if (!METHODS.has(method)) {
        answerError(response, 405, "Method not allowed", ["Allow", [...METHODS].join(", ")]);
      } else if (isFromElsewhere(request)) {
        answerError(response, 403, "Votes from other sites are not counted");
      } else if (method === "GET") {
        settled(castNamed(choiceOfTarget(url) ?? "", response), response);
      } else {
        const done = (body: Buffer): void => {
          const quick = isForm(request.headers["content-type"]) ? quickChoice(body) : undefined;
          if (quick !== undefined) castKnown(quick, response);
          else settled(castByBody(request, body, response), response);
        };
        collectBody(request, MAX_BODY_BYTES, { done, fail: failing(response) });
      }
    },
    voteForReceipt: (request, response) => {
      if (!mayPost(request, response)) return;
      if (!isForm(request.headers["content-type"])) {
        answerApiError(response, "CONTENT_TYPE_UNSUPPORTED", CLOSE);
        return;
      }
      const id = idOf(request, ids);
      if (id === undefined) {
        answerApiError(response, "IDEMPOTENCY_KEY_INVALID", CLOSE);
        return;
      }
      const ticket: VoteTicket = { response, answer: answerWithReceipt };
      const done = (body: Buffer): void => {
        const quick = quickChoice(body);
        if (quick !== undefined) castVote(quick, id, ticket);
        else settled(castForReceipt(body, id, ticket), response);
      };
      collectBody(request, MAX_BODY_BYTES, { done, fail: failing(response) });
    },
    ballot: (request, response) => {
      if (!mayPost(request, response)) return;
      if (request.headers["content-type"] !== BALLOT_TYPE) {
        answerApiError(response, "CONTENT_TYPE_UNSUPPORTED", CLOSE);
        return;
      }
      const done = (body: Buffer): void => {
        if (body.length !== SEALED_BALLOT_BYTES) {
          answerApiError(response, "BALLOT_MALFORMED");
          return;
        }
        const status = casts.castBallot(body, { response, answer: answerBallot });
        if (status !== castStatus.done) answerBallot(response, { status });
      };
      collectBody(request, SEALED_BALLOT_BYTES, { done, fail: failing(response) });
    },
  };
}

const FORM = "application/x-www-form-urlencoded";

/** What a browser says of its own page's requests and of typed addresses; other programs say nothing. */
const OWN_SITES: ReadonlySet<unknown> = new Set([undefined, "same-origin", "none"]);

/**
 * Whether a browser says that another origin (another port of this host is one, too), or a guess of its
 * own, made it send this.
 */
export function isFromElsewhere({ headers }: WebRequest): boolean {
  return !OWN_SITES.has(headers["sec-fetch-site"]) || headers["sec-purpose"] !== undefined;
}

/** Whether a POST of our own routes may go on; else it is answered. */
function mayPost(request: WebRequest, response: WebResponse): boolean {
  if (request.method !== "POST") {
    answerApiError(response, "METHOD_NOT_ALLOWED", ["Allow", "POST"]);
    return false;
  }
  if (isFromElsewhere(request)) {
    answerApiError(response, "CROSS_SITE_REFUSED", CLOSE);
    return false;
  }
  return true;
}

/** The ballot id that the header names, or a fresh one without it. */
function idOf({ headers }: WebRequest, ids: BallotIds): Uint8Array | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return ids.fresh();
  return typeof key === "string" ? ids.ofKey(key) : undefined;
}
