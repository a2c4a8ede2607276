import { afterEach, describe, expect, test } from "vitest";
import { type Batch, decodeBatch, encodeBatch } from "../ballot/ballot-codec.ts";
import type { GrpcChannel, StreamEvents } from "../grpc/grpc-channel.ts";
import { RpcError, rpcCode } from "../grpc/rpc-status.ts";
import { createVoteStream, type VoteStream } from "./vote-stream.ts";

interface World {
  readonly votes: VoteStream<string>;
  /** Batches sent, in order. */
  readonly sent: Batch[];
  /** `ticket:code` of each settled vote. */
  readonly settled: string[];
  readonly opened: StreamEvents[];
  ack(batch: Batch | undefined, outcomes: readonly number[]): void;
  breakStream(): void;
  passTime(ms: number): void;
}

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.votes.close();
});

function createWorld(deadlineMs = 2_000): World {
  const sent: Batch[] = [];
  const settled: string[] = [];
  const opened: StreamEvents[] = [];
  let now = 0;
  const down = new RpcError(rpcCode.unavailable, "connection is down");
  const channel: GrpcChannel = {
    unary: async () => await Promise.reject(down),
    openStream: (_path, events) => {
      opened.push(events);
      return {
        send: (message) => sent.push(decodeBatch(message)),
        destroy: () => {
          events.onEnd(down);
        },
      };
    },
    close: () => undefined,
  };
  const votes = createVoteStream<string>({
    channel,
    settle: (ticket, code) => settled.push(`${ticket}:${code}`),
    onDown: () => undefined,
    now: () => now,
    deadlineMs,
  });
  const world: World = {
    votes,
    sent,
    settled,
    opened,
    ack: (batch, values) => opened.at(-1)?.onMessage(encodeBatch({ id: batch?.id ?? -1, values })),
    breakStream: () => opened.at(-1)?.onEnd(down),
    passTime: (ms) => {
      now += ms;
    },
  };
  worlds.push(world);
  return world;
}

const turn = async (): Promise<void> => {
  await new Promise(setImmediate);
};

describe("the vote stream", () => {
  test("sends the votes of one turn as one batch and settles each by its own outcome", async () => {
    const { votes, sent, settled, ack } = createWorld();
    for (const [choice, ticket] of [
      [2, "a"],
      [69, "b"],
      [1, "c"],
    ] as const) {
      expect(votes.cast(choice, ticket)).toBe(rpcCode.ok);
    }
    expect(sent).toEqual([]);
    await turn();
    expect(sent.map(({ values }) => values)).toEqual([[2, 69, 1]]);
    ack(sent[0], [0, 2, 0]);
    expect(settled).toEqual(["a:0", "b:2", "c:0"]);
  });

  test("does not wait for the turn's end with 32 votes, and keeps several batches in flight", async () => {
    const { votes, sent, settled, ack } = createWorld();
    for (let i = 0; i < 70; i++) votes.cast(1, `${i}`);
    expect(sent.map(({ values }) => values.length)).toEqual([32, 32]);
    await turn();
    expect(sent.map(({ values }) => values.length)).toEqual([32, 32, 6]);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(3);
    ack(sent[2], new Array<number>(6).fill(0));
    expect(settled).toEqual(["64:0", "65:0", "66:0", "67:0", "68:0", "69:0"]);
  });

  test("refuses the vote above 4096 under way, and takes votes again after an answer", async () => {
    const { votes, sent, ack } = createWorld();
    for (let i = 0; i < 4096; i++) expect(votes.cast(1, "t")).toBe(rpcCode.ok);
    expect(votes.cast(1, "t")).toBe(rpcCode.resourceExhausted);
    ack(sent[0], new Array<number>(32).fill(0));
    expect(votes.cast(1, "t")).toBe(rpcCode.ok);
    await turn();
  });

  test("settles votes in flight as unavailable when the stream breaks, and opens another after a pause", async () => {
    const { votes, settled, opened, breakStream, passTime, sent, ack } = createWorld();
    votes.cast(1, "lost");
    await turn();
    breakStream();
    expect(settled).toEqual(["lost:14"]);
    expect(votes.cast(1, "early")).toBe(rpcCode.unavailable);
    passTime(60);
    expect(votes.cast(1, "late")).toBe(rpcCode.ok);
    await turn();
    expect(opened.length).toBe(2);
    ack(sent.at(-1), [0]);
    expect(settled).toEqual(["lost:14", "late:0"]);
  });

  test("waits longer after each failure", async () => {
    const { votes, breakStream, passTime } = createWorld();
    for (const pauseMs of [50, 100, 200, 400, 800, 1600, 2000, 2000]) {
      expect(votes.cast(1, "t")).toBe(rpcCode.ok);
      await turn();
      breakStream();
      passTime(pauseMs - 1);
      expect(votes.cast(1, "t")).toBe(rpcCode.unavailable);
      passTime(1);
    }
  });

  test("settles a vote without an answer as deadlineExceeded, once, and ignores the late answer", async () => {
    const { votes, sent, settled, passTime, ack } = createWorld();
    votes.cast(1, "slow");
    await turn();
    passTime(2_001);
    await expect.poll(() => settled).toEqual(["slow:4"]);
    ack(sent[0], [0]);
    expect(settled).toEqual(["slow:4"]);
  });

  test("gives a connection up that answers nothing for two deadlines", async () => {
    const { votes, settled, opened, passTime } = createWorld();
    votes.cast(1, "a");
    await turn();
    passTime(4_001);
    await expect.poll(() => settled).toEqual(["a:4"]);
    passTime(60);
    votes.cast(1, "b");
    await turn();
    expect(opened.length).toBe(2);
  });

  test("refuses an answer whose length differs from its batch", async () => {
    const { votes, sent, ack } = createWorld();
    votes.cast(1, "a");
    await turn();
    expect(() => ack(sent[0], [0, 0])).toThrow(
      expect.objectContaining({ code: "BATCH_MALFORMED" }),
    );
  });
});
