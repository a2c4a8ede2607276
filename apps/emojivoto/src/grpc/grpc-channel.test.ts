import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  FindByShortcodeRequestSchema,
  FindByShortcodeResponseSchema,
} from "../gen/emojivoto/v1/emoji_pb.ts";
import type { GrpcApp } from "../service/grpc-app.ts";
import { startEmoji, startTestVoting } from "../testing/start-demo.ts";
import { createGrpcChannel } from "./grpc-channel.ts";
import { RpcError, rpcCode } from "./rpc-status.ts";

let emoji: GrpcApp;
let voting: GrpcApp;
beforeAll(async () => {
  [emoji, voting] = await Promise.all([startEmoji(), startTestVoting()]);
});
afterAll(async () => {
  await Promise.all([emoji.stop(1_000), voting.stop(1_000)]);
});

const FIND = "/emojivoto.v1.EmojiService/FindByShortcode";
const find = (Shortcode: string): Uint8Array =>
  toBinary(FindByShortcodeRequestSchema, create(FindByShortcodeRequestSchema, { Shortcode }));

describe("the gRPC channel", () => {
  test("gets answers from the reference server, many at a time", async () => {
    const channel = createGrpcChannel(`127.0.0.1:${emoji.grpcPort}`);
    const calls = [":joy:", ":taco:", ":nope:"].map(async (shortcode) => {
      const answer = await channel.unary(FIND, find(shortcode), 2_000);
      return fromBinary(FindByShortcodeResponseSchema, answer).Emoji?.unicode;
    });
    expect(await Promise.all(calls)).toEqual(["😂", "🌮", undefined]);
    channel.close();
    channel.close();
  });

  test.each([
    ["the doughnut", "/emojivoto.v1.VotingService/VoteDoughnut", rpcCode.unknown, "ERROR"],
    [
      "an unknown method",
      "/emojivoto.v1.VotingService/VoteNothing",
      rpcCode.unimplemented,
      /VoteNothing/,
    ],
  ])("rejects with the status of %s", async (_, path, grpcCode, details) => {
    const channel = createGrpcChannel(`127.0.0.1:${voting.grpcPort}`);
    const failure: unknown = await channel
      .unary(path, new Uint8Array(0), 2_000)
      .catch((e: unknown) => e);
    channel.close();
    expect(failure).toBeInstanceOf(RpcError);
    expect(failure).toMatchObject({
      code: "RPC_FAILED",
      grpcCode,
      details: typeof details === "string" ? details : expect.stringMatching(details),
    });
  });

  test("rejects as unavailable when nobody listens, and works once somebody does", async () => {
    const gone = await startEmoji();
    await gone.stop(0);
    const channel = createGrpcChannel(`127.0.0.1:${gone.grpcPort}`);
    await expect(channel.unary(FIND, find(":joy:"), 2_000)).rejects.toMatchObject({
      grpcCode: rpcCode.unavailable,
    });
    channel.close();
  });

  test("rejects as deadlineExceeded when the peer stays silent", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const channel = createGrpcChannel(`127.0.0.1:${(silent.address() as AddressInfo).port}`);
    await expect(channel.unary(FIND, find(":joy:"), 60)).rejects.toMatchObject({
      grpcCode: rpcCode.deadlineExceeded,
    });
    channel.close();
    silent.close();
  });

  test("rejects as unavailable when the peer speaks another protocol", async () => {
    const other = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const channel = createGrpcChannel(`127.0.0.1:${(other.address() as AddressInfo).port}`);
    await expect(channel.unary(FIND, find(":joy:"), 2_000)).rejects.toMatchObject({
      grpcCode: rpcCode.unavailable,
    });
    channel.close();
    other.close();
  });
});
