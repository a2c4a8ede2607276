import { Registry } from "prom-client";
import { afterEach, describe, expect, test } from "vitest";
import { createGrpcChannel, type GrpcChannel } from "../grpc/grpc-channel.ts";
import { createGrpcMetrics } from "../grpc/grpc-metrics.ts";
import { createGrpcServer, type GrpcServer } from "../grpc/grpc-server.ts";
import { RpcError, rpcCode } from "../grpc/rpc-status.ts";
import { type AnswerBatch, decodeAnswerBatch } from "./answer-batch.ts";
import { CAST_PATH, createBallotService, WATCH_PATH } from "./ballot-service.ts";
import { type CastBatch, encodeCastBatch } from "./cast-batch.ts";

interface World {
  readonly channel: GrpcChannel;
  readonly server: GrpcServer;
  readonly stopping: AbortController;
  /** Batches that were handed to the box and wait. */
  readonly waiting: ((answer: AnswerBatch) => void)[];
  readonly batches: CastBatch[];
  /** Makes the state another. */
  change(state: string): void;
}

const worlds: World[] = [];
afterEach(async () => {
  for (const { channel, server } of worlds.splice(0)) {
    channel.close();
    await server.stop(0);
  }
});

async function started(): Promise<World> {
  const waiting: World["waiting"] = [];
  const batches: CastBatch[] = [];
  const listeners = new Set<() => void>();
  const stopping = new AbortController();
  let state = "first";
  const notThere = (): never => {
    throw new RpcError(rpcCode.notFound, "the log has no such thing");
  };
  const service = createBallotService({
    cast: async (batch) => {
      batches.push(batch);
      return await new Promise((resolve) => waiting.push(resolve));
    },
    state: {
      current: () => Buffer.from(state),
      subscribe: (changed) => {
        listeners.add(changed);
        return () => listeners.delete(changed);
      },
    },
    log: { proof: notThere, consistency: notThere, tile: notThere },
    metrics: createGrpcMetrics(new Registry()),
    stopping: stopping.signal,
  });
  const server = createGrpcServer([service]);
  const port = await server.listen(0, "127.0.0.1");
  const world: World = {
    channel: createGrpcChannel(`127.0.0.1:${port}`),
    server,
    stopping,
    waiting,
    batches,
    change: (next) => {
      state = next;
      for (const changed of listeners) changed();
    },
  };
  worlds.push(world);
  return world;
}

const vote = { choice: 2, ballotId: new Uint8Array(16), wantsReceipt: false };
const batchOf = (id: number): Buffer => encodeCastBatch({ id, votes: [vote], ballots: [] });
const answerOf = (id: number): AnswerBatch => ({
  id,
  statuses: Uint8Array.of(0),
  receipts: [],
  hashes: [],
  checkpoint: "",
  answers: [],
  logKey: "",
});

describe("the stream of votes", () => {
  test("answers batches as they are decided, in whatever order", async () => {
    const { channel, waiting } = await started();
    const ids: number[] = [];
    const stream = channel.openStream(CAST_PATH, {
      onMessage: (message) => ids.push(decodeAnswerBatch(message).id),
      onEnd: () => undefined,
    });
    for (const id of [1, 2, 3]) stream.send(batchOf(id));
    await expect.poll(() => waiting.length).toBe(3);
    for (const id of [3, 1, 2]) waiting[id - 1]?.(answerOf(id));
    await expect.poll(() => ids).toEqual([3, 1, 2]);
  });

  test("is not read while too many batches wait, and read again when they are decided", async () => {
    const { channel, waiting, batches } = await started();
    const stream = channel.openStream(CAST_PATH, {
      onMessage: () => undefined,
      onEnd: () => undefined,
    });
    for (let id = 1; id <= 600; id++) stream.send(batchOf(id));
    await expect.poll(() => batches.length).toBeGreaterThanOrEqual(256);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(batches.length).toBeLessThan(300);
    while (waiting.length < 600) {
      for (const [i, done] of waiting.entries()) done(answerOf(i + 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(batches.length).toBe(600);
  });

  test("answers all that is decided at once, however slowly it is taken", async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", onWarning);
    const { channel, waiting } = await started();
    const answers: Uint8Array[] = [];
    const onMessage = (answer: Uint8Array): void => void answers.push(answer);
    const stream = channel.openStream(CAST_PATH, { onMessage, onEnd: () => undefined });
    for (let id = 1; id <= 200; id++) stream.send(batchOf(id));
    await expect.poll(() => waiting.length).toBe(200);
    for (const [i, done] of waiting.entries()) done(answerOf(i + 1));
    await expect.poll(() => answers.length).toBe(200);
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });

  test("answers what came and ends when the service stops", async () => {
    const { channel, waiting, stopping } = await started();
    const told: string[] = [];
    const stream = channel.openStream(CAST_PATH, {
      onMessage: (message) => told.push(`answer ${decodeAnswerBatch(message).id}`),
      onEnd: ({ grpcCode }) => told.push(`end ${grpcCode}`),
    });
    stream.send(batchOf(1));
    await expect.poll(() => waiting.length).toBe(1);
    stopping.abort();
    waiting[0]?.(answerOf(1));
    await expect.poll(() => told).toEqual(["answer 1", "end 0"]);
  });

  test("ends with a status when a message is no batch, and the service goes on", async () => {
    const { channel, waiting } = await started();
    const ended: number[] = [];
    const events = {
      onMessage: () => undefined,
      onEnd: ({ grpcCode }: RpcError) => void ended.push(grpcCode),
    };
    channel.openStream(CAST_PATH, events).send(Buffer.from([0xff, 0xff]));
    await expect.poll(() => ended.length).toBe(1);
    expect(ended[0]).not.toBe(0);
    channel.openStream(CAST_PATH, events).send(batchOf(9));
    await expect.poll(() => waiting.length).toBe(1);
  });
});

test("the stream of states has the state at once, each later one, and ends when the service stops", async () => {
  const { channel, change, stopping } = await started();
  const states: string[] = [];
  let end: number | undefined;
  const stream = channel.openStream(WATCH_PATH, {
    onMessage: (message) => states.push(Buffer.from(message).toString()),
    onEnd: ({ grpcCode }) => {
      end = grpcCode;
    },
  });
  stream.send(new Uint8Array(0));
  stream.end();
  await expect.poll(() => states).toEqual(["first"]);
  change("second");
  await expect.poll(() => states).toEqual(["first", "second"]);
  stopping.abort();
  await expect.poll(() => end).toBe(0);
});
