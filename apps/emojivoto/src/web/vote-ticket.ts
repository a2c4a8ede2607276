import { castStatus } from "../ballot/cast-status.ts";
import type { WebResponse } from "../http/exchange.ts";
import { answerReceipt, answerSealed, answerVoteCounted } from "./answers.ts";
import { answerApiError, apiErrorOfStatus } from "./api-error.ts";
import type { CastResult } from "./cast-stream.ts";
import { answerVoteFailed } from "./failures.ts";

/** A request that waits for what became of its vote, and how it is told. */
export interface VoteTicket {
  readonly response: WebResponse;
  readonly answer: (response: WebResponse, result: CastResult) => void;
}

/** Answers as the original does: 200 without a body. */
export function answerOriginal(response: WebResponse, { status }: CastResult): void {
  if (status === castStatus.done) answerVoteCounted(response);
  else answerVoteFailed(response, status);
}

/** Answers with the receipt. */
export function answerWithReceipt(response: WebResponse, result: CastResult): void {
  const { status, group, receipt } = result;
  if (status !== castStatus.done) answerApiError(response, apiErrorOfStatus(status));
  else if (group === undefined || receipt === undefined) answerApiError(response, "INTERNAL_ERROR");
  else answerReceipt(response, group.textOf(receipt));
}

/** Answers a sealed ballot with what only its sender can open. */
export function answerBallot(response: WebResponse, { status, answer }: CastResult): void {
  if (status !== castStatus.done) answerApiError(response, apiErrorOfStatus(status));
  else if (answer === undefined) answerApiError(response, "INTERNAL_ERROR");
  else answerSealed(response, answer);
}
