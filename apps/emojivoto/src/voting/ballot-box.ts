import { setTimeout as sleep } from "node:timers/promises";
import { createCommitter, type PollRules } from "@carrara/ballot";
import { type Appended, type Ledger, type LedgerBallot, LedgerError } from "@carrara/ledger";
import { encodeVerifierKey } from "@carrara/transparency";
import type { AnswerBatch } from "../ballot/answer-batch.ts";
import type { CastBatch } from "../ballot/cast-batch.ts";
import { type CastStatus, castStatus } from "../ballot/cast-status.ts";
import type { BallotOpener } from "../sealed/ballot-opener.ts";
import { sha256 } from "../service/sha256.ts";
import { answerBatchOf } from "./batch-answer.ts";
import type { Choices } from "./choices.ts";
import { openBallots, type Pending, readVote } from "./pending-ballot.ts";
import type { PollClock } from "./poll-clock.ts";
import type { PollState } from "./poll-settings.ts";

/** Takes votes and ballots, has them stored, and answers each. */
export interface BallotBox {
  /** What could not be stored says so by its status. Rejects only when something is broken within. */
  readonly cast: (batch: CastBatch) => Promise<AnswerBatch>;
  /** Whether votes can be stored, as far as is known: a failure counts for a while. */
  readonly isStoring: () => boolean;
}

/** What a ballot box needs. */
export interface BallotBoxOptions {
  readonly poll: string;
  readonly rules: PollRules;
  readonly choices: Choices;
  readonly ledger: Ledger;
  readonly opener: BallotOpener;
  /** Opening of a plain vote, 32 bytes. */
  readonly openingOf: (ballotId: Uint8Array, choice: number) => Uint8Array;
  readonly clock: Pick<PollClock, "state" | "counting">;
  /** Called with the number of ballots that became durable. */
  readonly onCounted: (ballots: number) => void;
  /** Called when `isStoring` became another. */
  readonly onStoringChanged: () => void;
}

/** Milliseconds after which a failed write says nothing any more: somebody has to try again. */
const FAILURE_COUNTS_MS = 5_000;

/** What the ledger said to one ballot. */
export type Stored = Appended | LedgerError;

/** Creates the box of one poll. */
export function createBallotBox(boxOptions: BallotBoxOptions): BallotBox {
  const options = { ...boxOptions, commit: createCommitter(boxOptions.poll, sha256) };
  const { clock, ledger, onCounted } = options;
  const logKey = encodeVerifierKey(ledger.logKey);
  let failedAt = Number.NEGATIVE_INFINITY;
  let storeMs = 0;
  const isStoring = (): boolean =>
    ledger.status().kind === "writable" && performance.now() - failedAt > FAILURE_COUNTS_MS;

  const store = async (ballots: readonly LedgerBallot[]): Promise<readonly Stored[]> => {
    const before = isStoring();
    const startedAt = performance.now();
    const stored = await submitAll(ledger, ballots);
    const failed = stored.some((one) => one instanceof LedgerError);
    if (failed) failedAt = performance.now();
    else {
      failedAt = Number.NEGATIVE_INFINITY;
      storeMs = performance.now() - startedAt;
    }
    if (isStoring() !== before) options.onStoringChanged();
    onCounted(
      stored.filter((one) => !(one instanceof LedgerError) && one.kind === "appended").length,
    );
    return stored;
  };
  /**
   * Ballots that are not for the ledger are answered as if they were: neither the time nor a full disk
   * tells them from others.
   */
  const pretend = async (): Promise<void> => {
    await sleep(storeMs);
  };
  const count = async (batch: CastBatch): Promise<AnswerBatch> => {
    const votes = batch.votes.map((vote) => readVote(vote, options));
    const opened = await openBallots(batch.ballots, options);
    const pending: readonly Pending[] = opened.length === 0 ? votes : [...votes, ...opened];
    const ballots = pending.flatMap(({ ballot }) => (ballot === undefined ? [] : [ballot]));
    if (ballots.length === 0 && opened.some(({ reply }) => reply !== undefined)) await pretend();
    const stored = ballots.length === 0 ? [] : await store(ballots);
    return await answerBatchOf({ batch, pending, stored, ledger, logKey, failing: !isStoring() });
  };

  return {
    isStoring,
    cast: async (batch) => {
      const refused = refusalOfAll(clock.state(), ledger);
      if (refused !== undefined) return refusedBatch(batch, refused);
      return await clock.counting(async () => await count(batch));
    },
  };
}

/** Hands in all ballots in one turn, so that they are one group, and waits for all. */
async function submitAll(
  ledger: Ledger,
  ballots: readonly LedgerBallot[],
): Promise<readonly Stored[]> {
  const stored = new Array<Stored>(ballots.length);
  let waiting = ballots.length;
  await new Promise<void>((resolve) => {
    ballots.forEach((ballot, i) => {
      ledger.submit(ballot, (outcome) => {
        stored[i] = outcome;
        waiting -= 1;
        if (waiting === 0) resolve();
      });
    });
  });
  return stored;
}

function refusalOfAll(state: PollState, ledger: Ledger): CastStatus | undefined {
  if (state === "not-open") return castStatus.pollNotOpen;
  if (state === "closed") return castStatus.pollClosed;
  return ledger.status().kind === "writable" ? undefined : castStatus.ledgerUnavailable;
}

function refusedBatch({ id, votes, ballots }: CastBatch, status: CastStatus): AnswerBatch {
  const statuses = new Uint8Array(votes.length + ballots.length).fill(status);
  return { id, statuses, receipts: [], hashes: [], checkpoint: "", answers: [], logKey: "" };
}
