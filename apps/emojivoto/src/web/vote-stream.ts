import { decodeBatch, encodeBatch } from "../ballot/ballot-codec.ts";
import { CAST_PATH } from "../ballot/ballot-service.ts";
import type { GrpcChannel, GrpcStream } from "../grpc/grpc-channel.ts";
import { type RpcError, rpcCode } from "../grpc/rpc-status.ts";
import { EmojivotoError } from "../service/emojivoto-error.ts";

/** The way of votes to the voting service: one stream, small batches, several in flight. */
export interface VoteStream<Ticket> {
  /**
   * Sends a vote and returns `ok`; `settle` follows with the vote's own gRPC status code. Returns
   * `resourceExhausted` or `unavailable`, without a later `settle`, when the vote was not taken.
   */
  cast(choice: number, ticket: Ticket): number;
  /** Ends the stream; votes in flight settle as `unavailable`. May be called twice. */
  close(): void;
}

/** What a vote stream needs. */
export interface VoteStreamOptions<Ticket> {
  readonly channel: GrpcChannel;
  /** Called once for each vote taken. */
  readonly settle: (ticket: Ticket, grpcCode: number) => void;
  /** Called when the stream ended, with the reason, for the log. */
  readonly onDown: (status: RpcError) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Time from sending a vote to `deadlineExceeded`. */
  readonly deadlineMs: number;
}

/** Votes in a batch at most: the measured optimum between fewer messages and earlier answers. */
const BATCH_VOTES = 32;
/** Votes under way at most; above it, web refuses at once instead of queueing what it cannot answer in time. */
const MAX_VOTES_UNDER_WAY = 4096;
/** How often deadlines are checked. */
const SWEEP_MS = 50;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;
/** Without any answer for this many deadlines, the connection counts as dead. */
const STALLED_DEADLINES = 2;

interface Batch<Ticket> {
  readonly id: number;
  readonly choices: number[];
  readonly tickets: Ticket[];
  sentAt: number;
}

/** Creates a vote stream; connects with the first vote and again, after a pause, when the stream broke. */
export function createVoteStream<Ticket>(options: VoteStreamOptions<Ticket>): VoteStream<Ticket> {
  const { channel, settle, onDown, now, deadlineMs } = options;
  const inFlight = new Map<number, Batch<Ticket>>();
  let stream: GrpcStream | undefined;
  let open: Batch<Ticket> | undefined;
  let sweeper: NodeJS.Timeout | undefined;
  let nextId = 1;
  let underWay = 0;
  let retryAt = 0;
  let retryMs = FIRST_RETRY_MS;
  let heardAt = 0;

  const settleAll = (batch: Batch<Ticket>, codeOf: (index: number) => number): void => {
    underWay -= batch.tickets.length;
    for (let i = 0; i < batch.tickets.length; i++) settle(batch.tickets[i] as Ticket, codeOf(i));
  };

  const acknowledge = (message: Uint8Array): void => {
    const { id, values } = decodeBatch(message);
    heardAt = now();
    retryMs = FIRST_RETRY_MS;
    const batch = inFlight.get(id);
    // An answer after the deadline: its votes have been told so.
    if (batch === undefined) return;
    if (values.length !== batch.tickets.length) {
      throw new EmojivotoError("BATCH_MALFORMED", "answer and batch have different lengths");
    }
    inFlight.delete(id);
    settleAll(batch, (i) => values[i] ?? rpcCode.internal);
  };

  const down = (status: RpcError): void => {
    stream = undefined;
    retryAt = now() + retryMs;
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    const lost = [...inFlight.values()];
    inFlight.clear();
    // Whether they were counted is unknown, so that sending them again could count them twice.
    for (const batch of lost) settleAll(batch, () => rpcCode.unavailable);
    onDown(status);
  };

  const sweep = (): void => {
    const latest = now() - deadlineMs;
    for (const batch of inFlight.values()) {
      if (batch.sentAt > latest) break;
      inFlight.delete(batch.id);
      settleAll(batch, () => rpcCode.deadlineExceeded);
      if (heardAt < now() - STALLED_DEADLINES * deadlineMs) stream?.destroy();
    }
    if (inFlight.size > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
  };

  const flush = (): void => {
    const batch = open;
    if (batch === undefined) return;
    open = undefined;
    batch.sentAt = now();
    inFlight.set(batch.id, batch);
    if (stream === undefined) {
      heardAt = batch.sentAt;
      stream = channel.openStream(CAST_PATH, { onMessage: acknowledge, onEnd: down });
    }
    stream.send(encodeBatch({ id: batch.id, values: batch.choices }));
    sweeper ??= setInterval(sweep, SWEEP_MS);
  };

  const openBatch = (): Batch<Ticket> => {
    const batch = { id: nextId, choices: [], tickets: [], sentAt: 0 };
    nextId = (nextId + 1) >>> 0;
    open = batch;
    // After all requests of this turn of the event loop; a timer would add a millisecond to each vote.
    setImmediate(flush);
    return batch;
  };

  return {
    cast: (choice, ticket) => {
      if (underWay >= MAX_VOTES_UNDER_WAY) return rpcCode.resourceExhausted;
      if (stream === undefined && now() < retryAt) return rpcCode.unavailable;
      const batch = open ?? openBatch();
      batch.choices.push(choice);
      batch.tickets.push(ticket);
      underWay += 1;
      if (batch.choices.length >= BATCH_VOTES) flush();
      return rpcCode.ok;
    },
    close: () => {
      stream?.destroy();
    },
  };
}
