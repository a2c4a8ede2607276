import { type CastStatus, castStatus } from "../ballot/cast-status.ts";
import { DOUGHNUT_MESSAGE, goErrorText, RpcError, rpcCode } from "../grpc/rpc-status.ts";
import type { WebResponse } from "../http/exchange.ts";
import { PUBLIC_FRESH_HEADERS, publicType } from "./answers.ts";
import { goJson } from "./go-json.ts";

/** What `/api/v2/…` answers when it does not do what was asked. */
export type ApiErrorCode =
  | "BALLOT_KEY_UNKNOWN"
  | "BALLOT_MALFORMED"
  | "CHOICE_UNKNOWN"
  | "CONTENT_TYPE_UNSUPPORTED"
  | "COORDINATOR_UNAVAILABLE"
  | "CROSS_SITE_REFUSED"
  | "DEADLINE_EXCEEDED"
  | "IDEMPOTENCY_KEY_INVALID"
  | "IDEMPOTENCY_KEY_REUSED"
  | "INTERNAL_ERROR"
  | "LEDGER_UNAVAILABLE"
  | "METHOD_NOT_ALLOWED"
  | "POLL_CLOSED"
  | "POLL_NOT_OPEN"
  | "PROOF_NOT_FOUND"
  | "QUERY_INVALID"
  | "RESULTS_HIDDEN"
  | "REVOTE_NEEDS_PSEUDONYM"
  | "VIEWERS_TOO_MANY"
  | "VOTE_REFUSED"
  | "VOTING_UNAVAILABLE";

/** Status and text by code; no text says anything about the request, so that none tells a choice. */
const API_ERRORS: Readonly<Record<ApiErrorCode, readonly [status: number, text: string]>> = {
  BALLOT_KEY_UNKNOWN: [422, "the ballot is sealed to a key that is not in use, fetch the keys"],
  BALLOT_MALFORMED: [400, "the ballot is not 123 bytes that were sealed for this poll"],
  CHOICE_UNKNOWN: [400, "the form needs a choice from the list"],
  CONTENT_TYPE_UNSUPPORTED: [415, "the body has another content type than this route takes"],
  COORDINATOR_UNAVAILABLE: [503, "the coordinator does not answer"],
  CROSS_SITE_REFUSED: [403, "votes from other sites are not counted"],
  DEADLINE_EXCEEDED: [
    504,
    "the voting service did not answer in time, send again with the same id",
  ],
  IDEMPOTENCY_KEY_INVALID: [400, "Idempotency-Key has 1 to 64 visible ascii characters"],
  IDEMPOTENCY_KEY_REUSED: [409, "another vote was counted under this Idempotency-Key"],
  INTERNAL_ERROR: [500, "internal error"],
  LEDGER_UNAVAILABLE: [503, "votes cannot be stored now, send again later with the same id"],
  METHOD_NOT_ALLOWED: [405, "this route has other methods"],
  POLL_CLOSED: [403, "the poll is closed"],
  POLL_NOT_OPEN: [403, "the poll is not open yet"],
  PROOF_NOT_FOUND: [404, "the published log has no such thing"],
  QUERY_INVALID: [400, "the query needs decimal numbers in range"],
  RESULTS_HIDDEN: [403, "results are shown when the poll is closed"],
  REVOTE_NEEDS_PSEUDONYM: [403, "this poll takes sealed ballots only"],
  VIEWERS_TOO_MANY: [503, "too many viewers watch already"],
  // The original's text for the vote that its first version fails.
  VOTE_REFUSED: [500, goErrorText(rpcCode.unknown, DOUGHNUT_MESSAGE)],
  VOTING_UNAVAILABLE: [503, "the voting service is unavailable, send again with the same id"],
};

/** Why a vote or ballot was not done. */
const CODE_OF_STATUS: Readonly<Record<CastStatus, ApiErrorCode>> = {
  [castStatus.done]: "INTERNAL_ERROR",
  [castStatus.refused]: "VOTE_REFUSED",
  [castStatus.idReused]: "IDEMPOTENCY_KEY_REUSED",
  [castStatus.noSuchChoice]: "CHOICE_UNKNOWN",
  [castStatus.pollNotOpen]: "POLL_NOT_OPEN",
  [castStatus.pollClosed]: "POLL_CLOSED",
  [castStatus.revoteNeedsPseudonym]: "REVOTE_NEEDS_PSEUDONYM",
  [castStatus.keyUnknown]: "BALLOT_KEY_UNKNOWN",
  [castStatus.malformed]: "BALLOT_MALFORMED",
  [castStatus.ledgerUnavailable]: "LEDGER_UNAVAILABLE",
  [castStatus.unavailable]: "VOTING_UNAVAILABLE",
  [castStatus.deadlineExceeded]: "DEADLINE_EXCEEDED",
  [castStatus.queueFull]: "VOTING_UNAVAILABLE",
};

/** The error for a vote or ballot that was not done. */
export function apiErrorOfStatus(status: CastStatus): ApiErrorCode {
  return CODE_OF_STATUS[status];
}

/** The error for a failed call to the voting service. */
export function apiErrorOf(error: unknown): ApiErrorCode {
  if (!(error instanceof RpcError)) return "INTERNAL_ERROR";
  if (error.grpcCode === rpcCode.notFound) return "PROOF_NOT_FOUND";
  if (error.grpcCode === rpcCode.invalidArgument) return "QUERY_INVALID";
  if (error.grpcCode === rpcCode.deadlineExceeded) return "DEADLINE_EXCEEDED";
  if (error.grpcCode === rpcCode.unavailable || error.grpcCode === rpcCode.resourceExhausted) {
    return "VOTING_UNAVAILABLE";
  }
  return "INTERNAL_ERROR";
}

/** Answers `{"error":"…","code":"…"}` to anybody, from any origin. `extra` are more headers. */
export function answerApiError(
  response: WebResponse,
  code: ApiErrorCode,
  extra: readonly string[] = [],
): void {
  const [status, text] = API_ERRORS[code];
  const body = Buffer.from(`${goJson({ error: text, code })}\n`);
  const retry = status === 503 ? ["Retry-After", "1"] : [];
  response.writeHead(status, [
    ...PUBLIC_FRESH_HEADERS,
    ...["Content-Type", publicType.json, "Content-Length", `${body.length}`],
    ...retry,
    ...extra,
  ]);
  response.end(body, "latin1");
}
