import { createServer } from "node:https";
import { create } from "@bufbuild/protobuf";
import { Client, credentials, Metadata, type MethodDefinition } from "@grpc/grpc-js";
import {
  EmojiService,
  FindByShortcodeRequestSchema,
  type FindByShortcodeResponse,
} from "../apps/emojivoto/src/gen/emojivoto/v1/emoji_pb.ts";
import {
  VoteRequestSchema,
  VotingService,
} from "../apps/emojivoto/src/gen/emojivoto/v1/voting_pb.ts";
import { serviceDefinitionOf } from "../apps/emojivoto/src/grpc/service-definition.ts";

// Web the originals' way: for each vote one call that looks the emoji up and one that counts it.
interface Start {
  readonly cert: string;
  readonly key: string;
  readonly emoji: number;
  readonly voting: number;
}

process.once("message", ({ cert, key, emoji, voting }: Start) => {
  const secure = credentials.createSsl(Buffer.from(cert), Buffer.from(key), Buffer.from(cert));
  const clientOf = (port: number): Client => new Client(`localhost:${port}`, secure);
  const callOf = (client: Client, method: MethodDefinition<object, object> | undefined) => {
    if (method === undefined) throw new Error("no such method");
    const { path, requestSerialize, responseDeserialize } = method;
    return async (request: object): Promise<unknown> =>
      await new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          new Metadata(),
          (error, value) => (error === null ? resolve(value) : reject(error)),
        );
      });
  };
  const find = callOf(clientOf(emoji), serviceDefinitionOf(EmojiService)["FindByShortcode"]);
  const vote = callOf(clientOf(voting), serviceDefinitionOf(VotingService)["VoteJoy"]);
  const server = createServer({ cert, key }, (request, response) => {
    request.resume();
    const choice = new URL(request.url ?? "", "https://localhost").searchParams.get("choice") ?? "";
    find(create(FindByShortcodeRequestSchema, { Shortcode: choice }))
      .then(async (found) => {
        if ((found as FindByShortcodeResponse).Emoji === undefined)
          throw new Error("no such emoji");
        await vote(create(VoteRequestSchema));
      })
      .then(
        () => response.writeHead(200, ["Content-Length", "0"]).end(),
        () => response.writeHead(500, ["Content-Length", "0"]).end(),
      );
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    process.send?.({ port: typeof address === "object" ? address?.port : undefined });
  });
});
process.once("disconnect", () => process.exit(0));
