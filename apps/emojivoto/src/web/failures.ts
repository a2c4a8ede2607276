import { type CastStatus, castStatus } from "../ballot/cast-status.ts";
import { DOUGHNUT_MESSAGE, goErrorText, RpcError, rpcCode } from "../grpc/rpc-status.ts";
import type { WebResponse } from "../http/exchange.ts";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { answerError, answerTooLarge } from "./answers.ts";
import { answerApiError, apiErrorOfStatus } from "./api-error.ts";

/** What a client reads when a back end is down; where it is and why is in the log only. */
const UNAVAILABLE_TEXT = "The service is temporarily unavailable, please try again";
/** What a client reads when a back end did not answer in time. */
const DEADLINE_TEXT = "The service did not answer in time";

const RETRY_AFTER = ["Retry-After", "1"];

/** Answers a vote of the original's route that was not counted; the text of a failed vote is a wire fact. */
export function answerVoteFailed(response: WebResponse, status: CastStatus): void {
  if (status === castStatus.refused) answerStatus(response, rpcCode.unknown, DOUGHNUT_MESSAGE);
  else if (UNAVAILABLE.has(status)) answerStatus(response, rpcCode.unavailable, "");
  else if (status === castStatus.deadlineExceeded)
    answerStatus(response, rpcCode.deadlineExceeded, "");
  // What the original never had to say.
  else answerApiError(response, apiErrorOfStatus(status));
}

const UNAVAILABLE: ReadonlySet<CastStatus> = new Set<CastStatus>([
  castStatus.unavailable,
  castStatus.queueFull,
]);

/** Answers a request whose call failed. */
export function answerFailed(response: WebResponse, error: unknown): void {
  if (error instanceof RpcError) answerStatus(response, error.grpcCode, error.details);
  else if (isTooLarge(error)) answerTooLarge(response);
  else answerStatus(response, rpcCode.internal, "internal error");
}

function answerStatus(response: WebResponse, grpcCode: number, details: string): void {
  if (grpcCode === rpcCode.deadlineExceeded) {
    answerError(response, 504, DEADLINE_TEXT);
  } else if (grpcCode === rpcCode.unavailable || grpcCode === rpcCode.resourceExhausted) {
    answerError(response, 503, UNAVAILABLE_TEXT, RETRY_AFTER);
  } else {
    answerError(response, 500, goErrorText(grpcCode, details));
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof EmojivotoError && error.code === "REQUEST_TOO_LARGE";
}
