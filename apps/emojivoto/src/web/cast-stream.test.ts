import { afterEach, describe, expect, test } from "vitest";
import { encodeAnswerBatch } from "../ballot/answer-batch.ts";
import { type CastBatch, decodeCastBatch } from "../ballot/cast-batch.ts";
import { castStatus } from "../ballot/cast-status.ts";
import type { GrpcChannel, StreamEvents } from "../grpc/grpc-channel.ts";
import { RpcError, rpcCode } from "../grpc/rpc-status.ts";
import { type CastStream, createCastStream } from "./cast-stream.ts";

interface World {
  readonly casts: CastStream<string>;
  /** Batches sent, in order. */
  readonly sent: CastBatch[];
  /** `ticket:status` of each settled vote. */
  readonly settled: string[];
  /** What came with them. */
  readonly answers: (Uint8Array | string | undefined)[];
  readonly opened: StreamEvents[];
  vote(choice: number, ticket: string): number;
  ack(batch: CastBatch | undefined, statuses: readonly number[]): void;
  breakStream(): void;
  passTime(ms: number): void;
}

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.casts.close();
});

const EMPTY = { receipts: [], hashes: [], checkpoint: "", answers: [], logKey: "" };

function createWorld(deadlineMs = 2_000): World {
  const sent: CastBatch[] = [];
  const settled: string[] = [];
  const answers: (Uint8Array | string | undefined)[] = [];
  const opened: StreamEvents[] = [];
  let now = 0;
  const down = new RpcError(rpcCode.unavailable, "connection is down");
  const channel: GrpcChannel = {
    unary: async () => await Promise.reject(down),
    openStream: (_path, events) => {
      opened.push(events);
      return {
        send: (message) => sent.push(decodeCastBatch(message)),
        end: () => undefined,
        destroy: () => {
          events.onEnd(down);
        },
      };
    },
    close: () => undefined,
  };
  const casts = createCastStream<string>({
    channel,
    settle: (ticket, { status, answer, group, receipt }) => {
      settled.push(`${ticket}:${status}`);
      answers.push(answer ?? (receipt && group?.textOf(receipt)));
    },
    onDown: () => undefined,
    now: () => now,
    deadlineMs,
  });
  const world: World = {
    casts,
    sent,
    settled,
    answers,
    opened,
    vote: (choice, ticket) =>
      casts.castVote({ choice, ballotId: new Uint8Array(16), wantsReceipt: false }, ticket),
    ack: (batch, statuses) =>
      opened
        .at(-1)
        ?.onMessage(
          encodeAnswerBatch({ ...EMPTY, id: batch?.id ?? 0, statuses: Uint8Array.from(statuses) }),
        ),
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

describe("the cast stream", () => {
  test("sends the votes of one turn as one batch and settles each by its own outcome", async () => {
    const { vote, sent, settled, ack } = createWorld();
    for (const [choice, ticket] of [
      [2, "a"],
      [69, "b"],
      [1, "c"],
    ] as const) {
      expect(vote(choice, ticket)).toBe(castStatus.done);
    }
    expect(sent).toEqual([]);
    await turn();
    expect(sent.map(({ votes }) => votes.map(({ choice }) => choice))).toEqual([[2, 69, 1]]);
    ack(sent[0], [0, 1, 0]);
    await turn();
    expect(settled).toEqual(["a:0", "b:1", "c:0"]);
  });

  test("does not wait for the turn's end with 24 votes, nor with 64 for any answer", async () => {
    const { vote, sent, settled, ack } = createWorld();
    for (let i = 0; i < 130; i++) vote(1, `${i}`);
    await turn();
    expect(sent.map(({ votes }) => votes.length)).toEqual([24, 24, 64]);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(3);
    ack(sent[1], new Array<number>(24).fill(0));
    await turn();
    expect(settled.slice(0, 2)).toEqual(["24:0", "25:0"]);
    expect(settled).toHaveLength(24);
  });

  test("sends what waits as one batch, with the answer to the batch before and before its votes are told", async () => {
    const { vote, sent, settled, ack } = createWorld();
    vote(1, "first");
    await turn();
    vote(2, "a");
    await turn();
    vote(3, "b");
    await turn();
    expect(sent).toHaveLength(1);
    ack(sent[0], [0]);
    expect(sent.map(({ votes }) => votes.map(({ choice }) => choice))).toEqual([[1], [2, 3]]);
    expect(settled).toEqual([]);
    await turn();
    expect(settled).toEqual(["first:0"]);
  });

  test("sends ballots while votes are under way", async () => {
    const { vote, casts, sent } = createWorld();
    vote(1, "a");
    await turn();
    casts.castBallot(new Uint8Array(123), "b");
    await turn();
    expect(sent.map(({ ballots }) => ballots.length)).toEqual([0, 1]);
  });

  test("sends what waits when the batch before it is given up, or its stream breaks", async () => {
    const { vote, sent, settled, passTime, breakStream } = createWorld();
    vote(1, "slow");
    await turn();
    passTime(1_000);
    vote(2, "waits");
    await turn();
    passTime(1_001);
    await expect.poll(() => settled).toEqual(["slow:12"]);
    expect(sent.map(({ votes }) => votes.map(({ choice }) => choice))).toEqual([[1], [2]]);
    vote(3, "later");
    await turn();
    breakStream();
    await turn();
    expect(settled).toEqual(["slow:12", "waits:11"]);
    expect(sent.at(-1)?.votes.map(({ choice }) => choice)).toEqual([3]);
  });

  test("takes as long as it says for a vote that waits for another", async () => {
    const { vote, settled, passTime } = createWorld();
    vote(1, "slow");
    await turn();
    passTime(100);
    vote(2, "waits");
    await turn();
    passTime(1_901);
    await expect.poll(() => settled).toEqual(["slow:12"]);
    passTime(100);
    await expect.poll(() => settled).toEqual(["slow:12", "waits:12"]);
  });

  test("refuses the vote above 4096 under way, and takes votes again after an answer", async () => {
    const { vote, sent, ack } = createWorld();
    for (let i = 0; i < 4096; i++) expect(vote(1, "t")).toBe(castStatus.done);
    expect(vote(1, "t")).toBe(castStatus.queueFull);
    ack(sent[0], new Array<number>(24).fill(0));
    await turn();
    expect(vote(1, "t")).toBe(castStatus.done);
    await turn();
  });

  test("settles votes in flight as unavailable when the stream breaks, and opens another after a pause", async () => {
    const { vote, settled, opened, breakStream, passTime, sent, ack } = createWorld();
    vote(1, "lost");
    await turn();
    breakStream();
    expect(settled).toEqual(["lost:11"]);
    expect(vote(1, "early")).toBe(castStatus.unavailable);
    passTime(60);
    expect(vote(1, "late")).toBe(castStatus.done);
    await turn();
    expect(opened.length).toBe(2);
    ack(sent.at(-1), [0]);
    await turn();
    expect(settled).toEqual(["lost:11", "late:0"]);
  });

  test("waits longer after each failure", async () => {
    const { vote, breakStream, passTime } = createWorld();
    for (const pauseMs of [50, 100, 200, 400, 800, 1600, 2000, 2000]) {
      expect(vote(1, "t")).toBe(castStatus.done);
      await turn();
      breakStream();
      passTime(pauseMs - 1);
      expect(vote(1, "t")).toBe(castStatus.unavailable);
      passTime(1);
    }
  });

  test("settles a vote without an answer as deadlineExceeded, once, and ignores the late answer", async () => {
    const { vote, sent, settled, passTime, ack } = createWorld();
    vote(1, "slow");
    await turn();
    passTime(2_001);
    await expect.poll(() => settled).toEqual(["slow:12"]);
    ack(sent[0], [0]);
    await turn();
    expect(settled).toEqual(["slow:12"]);
  });

  test("gives a connection up that answers nothing for two deadlines", async () => {
    const { vote, settled, opened, passTime } = createWorld();
    vote(1, "a");
    await turn();
    passTime(4_001);
    await expect.poll(() => settled).toEqual(["a:12"]);
    passTime(60);
    vote(1, "b");
    await turn();
    expect(opened.length).toBe(2);
  });

  test("refuses an answer whose length differs from its batch", async () => {
    const { vote, sent, ack } = createWorld();
    vote(1, "a");
    await turn();
    expect(() => ack(sent[0], [0, 0])).toThrow(
      expect.objectContaining({ code: "BATCH_MALFORMED" }),
    );
  });
});
