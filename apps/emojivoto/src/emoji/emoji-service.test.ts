import { readFile } from "node:fs/promises";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  EmojiService,
  FindByShortcodeRequestSchema,
  type FindByShortcodeResponse,
  ListAllEmojiRequestSchema,
  type ListAllEmojiResponse,
} from "../gen/emojivoto/v1/emoji_pb.ts";
import {
  Health,
  HealthCheckRequestSchema,
  type HealthCheckResponse,
} from "../gen/grpc/health/v1/health_pb.ts";
import { serviceDefinitionOf } from "../grpc/service-definition.ts";
import type { GrpcApp } from "../service/grpc-app.ts";
import { call } from "../testing/call.ts";
import { startEmoji } from "../testing/start-demo.ts";

const service = serviceDefinitionOf(EmojiService);
let app: GrpcApp;
beforeAll(async () => {
  app = await startEmoji();
});
afterAll(async () => {
  await app.stop(1_000);
});

describe("emojivoto.v1.EmojiService", () => {
  test("lists the 99 emoji of the data file in its order, with its exact code points", async () => {
    const file = await readFile(new URL("../../data/emoji.json", import.meta.url), "utf8");
    const wanted = (JSON.parse(file) as { shortcode: string; unicode: string }[]).map(
      ({ shortcode, unicode }) => ({ shortcode, unicode }),
    );
    const request = create(ListAllEmojiRequestSchema);
    const { list } = await call<ListAllEmojiResponse>(app.grpcPort, service, "ListAll", request);
    expect(list.map(({ shortcode, unicode }) => ({ shortcode, unicode }))).toEqual(wanted);
    expect(list.length).toBe(99);
  });

  test.each([
    [":joy:", "😂"],
    [":man_facepalming:", "\u{1F926}\u200D\u2642"],
    [":JOY:", undefined],
    ["joy", undefined],
    [":relaxed:", undefined],
    ["", undefined],
  ])("finds %j as %j", async (Shortcode, unicode) => {
    const request = create(FindByShortcodeRequestSchema, { Shortcode });
    const found = await call<FindByShortcodeResponse>(
      app.grpcPort,
      service,
      "FindByShortcode",
      request,
    );
    expect(found.Emoji?.unicode).toBe(unicode);
  });

  test("answers health checks", async () => {
    const request = create(HealthCheckRequestSchema);
    const health = serviceDefinitionOf(Health);
    const answer = await call<HealthCheckResponse>(app.grpcPort, health, "Check", request);
    expect(answer.status).toBe(1);
  });
});
