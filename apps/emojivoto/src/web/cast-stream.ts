import { type AnswerBatch, decodeAnswerBatch, type VoteReceipt } from "../ballot/answer-batch.ts";
import { CAST_PATH } from "../ballot/ballot-service.ts";
import { encodeCastBatch, type PlainVote } from "../ballot/cast-batch.ts";
import { type CastStatus, castStatus } from "../ballot/cast-status.ts";
import type { GrpcChannel, GrpcStream } from "../grpc/grpc-channel.ts";
import type { RpcError } from "../grpc/rpc-status.ts";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { createReceiptGroup, type ReceiptGroup } from "./receipt-text.ts";

/** What came back for one vote or ballot; nothing but the status when it was not counted. */
export interface CastResult {
  readonly status: CastStatus;
  /** Of a counted plain vote that wanted one. */
  readonly receipt?: VoteReceipt;
  /** What `receipt` shares with others of its batch. */
  readonly group?: ReceiptGroup;
  /** Of a ballot that was opened: the sealed answer. */
  readonly answer?: Uint8Array;
}

/** The way to the voting service: one stream, small batches, one of each kind under way, and a second when it is worth it. */
export interface CastStream<Ticket> {
  /** Sends a plain vote, returning `done`; `settle` follows. Otherwise the vote was not taken, for the reason returned. */
  castVote(vote: PlainVote, ticket: Ticket): CastStatus;
  /** Sends a sealed ballot of 123 bytes, likewise. */
  castBallot(ballot: Uint8Array, ticket: Ticket): CastStatus;
  /** Ends the pause after a failure: the service is there again. */
  retryNow(): void;
  /** Ends the stream; what is in flight settles as `unavailable`. May be called twice. */
  close(): void;
}

/** What a cast stream needs. */
export interface CastStreamOptions<Ticket> {
  readonly channel: GrpcChannel;
  /** Called once for each vote or ballot taken. */
  readonly settle: (ticket: Ticket, result: CastResult) => void;
  /** Called when the stream ended, with the reason, for the log. */
  readonly onDown: (status: RpcError) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Time from a vote, or the first one of its batch, to `deadlineExceeded`. */
  readonly deadlineMs: number;
}

/** Entries of a batch at most. This and the next: the measured optimum between fewer messages and less waiting. */
const BATCH_ENTRIES = 64;
/** Entries with which a batch does not wait for the one before, so that voting has work when that is done. */
const SECOND_ENTRIES = 24;
/** Votes and ballots under way at most; above it, web refuses at once instead of queueing what it cannot answer in time. */
const MAX_UNDER_WAY = 4096;
/** How often deadlines are checked. */
const SWEEP_MS = 50;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;
/** Without any answer for this many deadlines, the connection counts as dead. */
const STALLED_DEADLINES = 2;

/** Plain votes and ballots travel in messages of their own, so that none waits for another's decryption. */
type Lane = "votes" | "ballots";

interface Batch<Ticket> {
  readonly id: number;
  readonly lane: Lane;
  readonly votes: PlainVote[];
  readonly ballots: Uint8Array[];
  readonly tickets: Ticket[];
  /** When its first entry came. */
  readonly since: number;
}

/** Creates a stream; connects with the first vote and again, after a pause, when it broke. */
export function createCastStream<Ticket>(options: CastStreamOptions<Ticket>): CastStream<Ticket> {
  const { channel, settle, onDown, now, deadlineMs } = options;
  // In the order of sending. Not a map: the tables that one leaves behind keep each other and what was in them,
  // a quarter of all requests, until the next full garbage collection.
  const inFlight: Batch<Ticket>[] = [];
  const open: Record<Lane, Batch<Ticket> | undefined> = { votes: undefined, ballots: undefined };
  let stream: GrpcStream | undefined;
  let sweeper: NodeJS.Timeout | undefined;
  let nextId = 1;
  let underWay = 0;
  let retryAt = 0;
  let retryMs = FIRST_RETRY_MS;
  let heardAt = 0;

  const settleAll = (batch: Batch<Ticket>, resultOf: (index: number) => CastResult): void => {
    underWay -= batch.tickets.length;
    for (let i = 0; i < batch.tickets.length; i++) settle(batch.tickets[i] as Ticket, resultOf(i));
  };

  const acknowledge = (message: Uint8Array): void => {
    const answer = decodeAnswerBatch(message);
    heardAt = now();
    retryMs = FIRST_RETRY_MS;
    const place = inFlight.findIndex(({ id }) => id === answer.id);
    const batch = inFlight[place];
    // An answer after the deadline: its votes have been told so.
    if (batch === undefined) return;
    const results = resultsOf(answer, batch);
    inFlight.splice(place, 1);
    // What waited goes out before the answers are written, and is worked on meanwhile.
    flushNext(batch.lane);
    setImmediate(settleAll, batch, (i: number) => results[i] ?? UNAVAILABLE);
  };

  const down = (status: RpcError): void => {
    stream = undefined;
    retryAt = now() + retryMs;
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    // Whether they were counted is unknown. Whoever holds the ballot id may safely send again; web does not.
    for (const batch of inFlight.splice(0)) settleAll(batch, () => UNAVAILABLE);
    for (const lane of LANES) setImmediate(flushNext, lane);
    onDown(status);
  };

  const sweep = (): void => {
    const latest = now() - deadlineMs;
    const late = inFlight.filter(({ since }) => since <= latest);
    for (const batch of late) {
      inFlight.splice(inFlight.indexOf(batch), 1);
      settleAll(batch, () => ({ status: castStatus.deadlineExceeded }));
    }
    if (late.length > 0 && heardAt < now() - STALLED_DEADLINES * deadlineMs) stream?.destroy();
    else for (const { lane } of late) flushNext(lane);
    if (inFlight.length > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
  };

  const flush = (batch: Batch<Ticket>): void => {
    open[batch.lane] = undefined;
    inFlight.push(batch);
    if (stream === undefined) {
      heardAt = now();
      stream = channel.openStream(CAST_PATH, { onMessage: acknowledge, onEnd: down });
    }
    stream.send(encodeCastBatch(batch));
    sweeper ??= setInterval(sweep, SWEEP_MS);
  };

  const underWayIn = (lane: Lane): number =>
    inFlight.reduce((count, batch) => (batch.lane === lane ? count + 1 : count), 0);

  /**
   * Sends what waits, unless an earlier batch is under way: then the answer to it will. The ledger writes
   * one group at a time anyway, and what waits for it here becomes one message.
   */
  const flushNext = (lane: Lane): void => {
    const batch = open[lane];
    if (batch !== undefined && underWayIn(lane) === 0) flush(batch);
  };

  /** Sends a batch that grew as large as is worth a message. */
  const flushLarge = (batch: Batch<Ticket>): void => {
    const { length } = batch.tickets;
    if (length < SECOND_ENTRIES) return;
    if (length >= BATCH_ENTRIES || underWayIn(batch.lane) < 2) flush(batch);
  };

  const openBatch = (lane: Lane): Batch<Ticket> => {
    const batch = { id: nextId, lane, votes: [], ballots: [], tickets: [], since: now() };
    nextId = (nextId + 1) >>> 0;
    open[lane] = batch;
    // After all requests of this turn of the event loop; a timer would add a millisecond to each vote.
    setImmediate(flushNext, lane);
    return batch;
  };

  const take = (lane: Lane, ticket: Ticket): Batch<Ticket> | CastStatus => {
    if (underWay >= MAX_UNDER_WAY) return castStatus.queueFull;
    if (stream === undefined && now() < retryAt) return castStatus.unavailable;
    const batch = open[lane] ?? openBatch(lane);
    batch.tickets.push(ticket);
    underWay += 1;
    return batch;
  };

  return {
    castVote: (vote, ticket) => {
      const batch = take("votes", ticket);
      if (typeof batch === "number") return batch;
      batch.votes.push(vote);
      flushLarge(batch);
      return castStatus.done;
    },
    castBallot: (ballot, ticket) => {
      const batch = take("ballots", ticket);
      if (typeof batch === "number") return batch;
      batch.ballots.push(ballot);
      flushLarge(batch);
      return castStatus.done;
    },
    retryNow: () => {
      retryAt = 0;
      retryMs = FIRST_RETRY_MS;
    },
    close: () => {
      stream?.destroy();
    },
  };
}

const LANES: readonly Lane[] = ["votes", "ballots"];
const UNAVAILABLE: CastResult = { status: castStatus.unavailable };
const STATUSES: ReadonlySet<number> = new Set(Object.values(castStatus));

/** Each entry's own part of the answer. Throws `BATCH_MALFORMED` when it does not fit the batch. */
function resultsOf(
  answer: AnswerBatch,
  { votes, ballots }: Pick<Batch<unknown>, "votes" | "ballots">,
): CastResult[] {
  const { statuses, answers } = answer;
  if (statuses.length !== votes.length + ballots.length) throw misfit();
  const results: CastResult[] = Array.from(statuses, (status) => {
    if (STATUSES.has(status)) return { status: status as CastStatus };
    throw misfit();
  });
  const group = answer.receipts.length > 0 ? createReceiptGroup(answer) : undefined;
  for (const receipt of answer.receipts) {
    if (receipt.position >= votes.length || group === undefined) throw misfit();
    results[receipt.position] = { status: castStatus.done, receipt, group };
  }
  let next = 0;
  for (let i = votes.length; i < results.length; i++) {
    if (statuses[i] !== castStatus.done) continue;
    const sealed = answers[next++];
    if (sealed === undefined) throw misfit();
    results[i] = { status: castStatus.done, answer: sealed };
  }
  if (next !== answers.length) throw misfit();
  return results;
}

function misfit(): EmojivotoError {
  return new EmojivotoError("BATCH_MALFORMED", "answer does not fit its batch");
}
