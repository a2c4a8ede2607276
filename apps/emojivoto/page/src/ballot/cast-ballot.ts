import {
  type BallotAnswer,
  BallotError,
  checkReceipt,
  createReceipt,
  encodeReceipt,
  outcome,
} from "@carrara/ballot";
import { TransparencyError } from "@carrara/transparency";
import { ApiError, asApiError } from "../api/api-error.ts";
import type { VerifiedEvidence } from "../trust/verify-evidence.ts";
import { EvidenceRefusedError, type PreparedBallot, prepareBallot } from "./prepare-ballot.ts";

/** What became of a ballot. */
export type CastResult =
  | {
      readonly kind: "counted";
      /** The receipt as the text of its file. */
      readonly receipt: string;
      /** Whether the receipt proves that the ballot with the code that was shown is in the ledger. */
      readonly isProven: boolean;
    }
  /** The service does not take this choice. */
  | { readonly kind: "refused" }
  | { readonly kind: "alreadyVoted" }
  | { readonly kind: "closed" }
  /** No evidence that verifies says who could read the ballot. */
  | { readonly kind: "untrusted" }
  | {
      readonly kind: "failed";
      readonly error: ApiError;
      /** Whether the ballot may have been counted all the same. */
      readonly isUncertain: boolean;
      /** The ballot as it was last sealed, for another attempt. */
      readonly ballot: PreparedBallot;
    };

/** What casting needs of the world. */
export interface CastTools {
  /** Sends a sealed ballot. Rejects with `ApiError`. */
  readonly send: (sealed: Uint8Array) => Promise<Uint8Array>;
  /** Fresh evidence, verified. Rejects with `ApiError`. */
  readonly refresh: () => Promise<VerifiedEvidence>;
  readonly wait: (ms: number) => Promise<void>;
}

/** Pauses before a ballot is sent again, in ms. Its id counts once, however often it arrives. */
const RETRY_AFTER_MS: readonly number[] = [400, 1_500];

/**
 * Casts a ballot. Without an answer it is sent again, the very same; after a restart of the voting
 * service (422) it is sealed once more, for the new key, with the same id and code.
 */
export async function castBallot(ballot: PreparedBallot, tools: CastTools): Promise<CastResult> {
  try {
    return await resultOf(ballot, await sendPatiently(ballot, tools));
  } catch (error) {
    if (!isStaleKey(error)) return failureOf(ballot, error);
  }
  return await castAgain(ballot, tools);
}

async function castAgain(before: PreparedBallot, tools: CastTools): Promise<CastResult> {
  let ballot = before;
  try {
    ballot = await prepareBallot(await tools.refresh(), { before });
    return await resultOf(ballot, await sendPatiently(ballot, tools));
  } catch (error) {
    if (error instanceof EvidenceRefusedError) return { kind: "untrusted" };
    return failureOf(ballot, error);
  }
}

async function sendPatiently(ballot: PreparedBallot, tools: CastTools): Promise<Uint8Array> {
  let unanswered: unknown;
  for (const pauseMs of [...RETRY_AFTER_MS, undefined]) {
    try {
      return await tools.send(ballot.sealed.bytes);
    } catch (error) {
      // The ballot whose answer was lost may have come in time: a closed poll does not say.
      if (isClosed(error)) throw unanswered ?? error;
      if (!isUnanswered(error) || pauseMs === undefined) throw error;
      unanswered = error;
      await tools.wait(pauseMs);
    }
  }
  throw unanswered;
}

async function resultOf(ballot: PreparedBallot, bytes: Uint8Array): Promise<CastResult> {
  const answer = await ballot.sealed.openAnswer(bytes);
  switch (answer.outcome) {
    case outcome.counted:
      return await countedResult(ballot, answer);
    case outcome.refused:
      return { kind: "refused" };
    case outcome.alreadyVoted:
      return { kind: "alreadyVoted" };
    case outcome.idReused:
      return failureOf(ballot, new ApiError(409, "the ballot was counted with other content"));
    case outcome.noSuchChoice:
      return failureOf(ballot, new ApiError(400, "the poll has no such choice"));
  }
}

async function countedResult(ballot: PreparedBallot, answer: BallotAnswer): Promise<CastResult> {
  const { poll, commitment, logKey } = ballot;
  const receipt = createReceipt({ poll, commitment, logKey, answer });
  let isProven = true;
  try {
    await checkReceipt(receipt, { logKey });
  } catch (error) {
    if (!(error instanceof BallotError || error instanceof TransparencyError)) throw error;
    isProven = false;
  }
  return { kind: "counted", receipt: encodeReceipt(receipt), isProven };
}

/** Network and gateway troubles, after which nobody on this side knows whether the ballot arrived. */
function isUnanswered(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 502);
}

function isClosed(error: unknown): boolean {
  return (
    error instanceof ApiError && (error.code === "POLL_CLOSED" || error.code === "POLL_NOT_OPEN")
  );
}

function isStaleKey(error: unknown): boolean {
  return error instanceof ApiError && error.status === 422 && error.code === "BALLOT_KEY_UNKNOWN";
}

function failureOf(ballot: PreparedBallot, thrown: unknown): CastResult {
  const error = asApiError(thrown);
  if (isClosed(error)) return { kind: "closed" };
  // An answer that is not for this ballot is no answer.
  const isUncertain = isUnanswered(error) || thrown instanceof BallotError;
  return { kind: "failed", error, isUncertain, ballot };
}
