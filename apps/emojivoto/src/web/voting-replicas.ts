import { BallotError, KEY_ID_BYTES, keyIdOf, parseKeysStatement } from "@carrara/ballot";
import { type CastStatus, castStatus } from "../ballot/cast-status.ts";
import type { PublicState } from "../gen/carrara/ballot/v1/ballot_pb.ts";
import type { GrpcChannel } from "../grpc/grpc-channel.ts";
import type { RpcError } from "../grpc/rpc-status.ts";
import { type CastResult, type CastStream, createCastStream } from "./cast-stream.ts";
import { createStateFeed, type StateFeed } from "./state-feed.ts";

/** One voting service: its state and the way of votes to it. */
export interface VotingReplica<Ticket> {
  readonly channel: Pick<GrpcChannel, "unary">;
  readonly feed: StateFeed;
  readonly casts: CastStream<Ticket>;
}

/** All voting services over one ledger, as if they were one. */
export interface VotingReplicas<Ticket> {
  /** The state of the one that has seen most, with the keys of all. */
  readonly feed: StateFeed;
  /** Plain votes in turns to those that take votes; a sealed ballot to the one whose key it is sealed to. */
  readonly casts: CastStream<Ticket>;
  /** Calls to the one that has seen most. */
  readonly reads: Pick<GrpcChannel, "unary">;
}

/** Connects to one voting service, at the first need. */
export function createVotingReplica<Ticket>(options: {
  readonly channel: GrpcChannel;
  readonly now: () => number;
  readonly deadlineMs: number;
  readonly settle: (ticket: Ticket, result: CastResult) => void;
  /** Makes what is told of a stream that went down; its argument says which. */
  readonly onDown: (what: string) => (status: RpcError) => void;
}): VotingReplica<Ticket> {
  const { channel, deadlineMs, onDown } = options;
  const feed = createStateFeed({ channel, deadlineMs, onDown: onDown("state stream is down") });
  const casts = createCastStream({ ...options, onDown: onDown("vote stream is down") });
  feed.subscribe(() => {
    if (feed.current() !== undefined) casts.retryNow();
  });
  return { channel, feed, casts };
}

/** Makes one of all `replicas`, at least one. */
export function createVotingReplicas<Ticket>(
  replicas: readonly VotingReplica<Ticket>[],
): VotingReplicas<Ticket> {
  const [first] = replicas;
  if (first === undefined) throw new TypeError("there is no voting service");
  if (replicas.length === 1) return { feed: first.feed, casts: first.casts, reads: first.channel };
  const best = (): VotingReplica<Ticket> => furthest(replicas) ?? first;
  return {
    feed: mergeFeeds(replicas, best),
    casts: routeCasts(replicas, first),
    reads: { unary: async (...call) => await best().channel.unary(...call) },
  };
}

type Replicas = readonly VotingReplica<unknown>[];

function furthest<Ticket>(
  replicas: readonly VotingReplica<Ticket>[],
): VotingReplica<Ticket> | undefined {
  let found: VotingReplica<Ticket> | undefined;
  for (const replica of replicas) {
    const state = replica.feed.current();
    if (state === undefined) continue;
    const size = found?.feed.current()?.treeSize ?? -1n;
    if (state.treeSize > size) found = replica;
  }
  return found;
}

function mergeFeeds(replicas: Replicas, best: () => VotingReplica<unknown>): StateFeed {
  const listeners: (() => void)[] = [];
  let merged: PublicState | undefined;
  const merge = (): void => {
    const state = best().feed.current();
    const keys = replicas.flatMap(({ feed }) => feed.current()?.keys ?? []);
    const accepting = replicas.some(({ feed }) => feed.current()?.accepting === true);
    merged = state && { ...state, keys, accepting };
    for (const changed of listeners) changed();
  };
  for (const { feed } of replicas) feed.subscribe(merge);
  return {
    current: () => {
      // Starts those that are not started.
      for (const { feed } of replicas) feed.current();
      return merged;
    },
    get: async () => {
      if (merged !== undefined) return merged;
      try {
        return await Promise.any(replicas.map(async ({ feed }) => await feed.get()));
      } catch (error) {
        throw error instanceof AggregateError ? error.errors[0] : error;
      }
    },
    subscribe: (changed) => {
      listeners.push(changed);
    },
    close: () => {
      for (const { feed } of replicas) feed.close();
    },
  };
}

function routeCasts<Ticket>(
  replicas: readonly VotingReplica<Ticket>[],
  first: VotingReplica<Ticket>,
): CastStream<Ticket> {
  const byKeyId = keyTable(replicas);
  let turn = 0;
  const next = (): VotingReplica<Ticket> => {
    for (let i = 0; i < replicas.length; i++) {
      turn = (turn + 1) % replicas.length;
      const replica = replicas[turn];
      if (replica?.feed.current()?.accepting === true) return replica;
    }
    return furthest(replicas) ?? first;
  };
  return {
    castVote: (vote, ticket) => next().casts.castVote(vote, ticket),
    castBallot: (ballot, ticket): CastStatus => {
      const replica = byKeyId(hexOf(ballot.subarray(0, KEY_ID_BYTES)));
      // A replica that is gone took its key with it.
      return replica === undefined
        ? castStatus.keyUnknown
        : replica.casts.castBallot(ballot, ticket);
    },
    retryNow: () => {
      for (const { casts } of replicas) casts.retryNow();
    },
    close: () => {
      for (const { casts } of replicas) casts.close();
    },
  };
}

/** Which replica has a key, by its id in hex digits; read anew when a state is another. */
function keyTable<Ticket>(
  replicas: readonly VotingReplica<Ticket>[],
): (keyId: string) => VotingReplica<Ticket> | undefined {
  const known = new Map<string, VotingReplica<Ticket>>();
  const read = (): void => {
    known.clear();
    for (const replica of replicas) {
      for (const { statement } of replica.feed.current()?.keys ?? []) {
        for (const id of keyIdsIn(statement)) known.set(id, replica);
      }
    }
  };
  for (const { feed } of replicas) feed.subscribe(read);
  return (keyId) => known.get(keyId);
}

function keyIdsIn(statement: string): readonly string[] {
  try {
    const { hpkeKeys } = parseKeysStatement(Buffer.from(statement, "base64").toString());
    return hpkeKeys.map((key) => hexOf(keyIdOf(key)));
  } catch (error) {
    // Whoever votes verifies statements; one that cannot be read has no keys.
    if (error instanceof BallotError) return [];
    throw error;
  }
}

function hexOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("hex");
}
