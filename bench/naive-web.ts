import { createServer } from "node:https";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { naiveServices } from "./naive-services.ts";

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
  const callOf = (client: Client, method: (typeof naiveServices.emoji)[string] | undefined) => {
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
  const find = callOf(clientOf(emoji), naiveServices.emoji["FindByShortcode"]);
  const vote = callOf(clientOf(voting), naiveServices.voting["VoteJoy"]);
  const server = createServer({ cert, key }, (request, response) => {
    request.resume();
    const choice = new URL(request.url ?? "", "https://localhost").searchParams.get("choice") ?? "";
    find({ text: choice })
      .then(async () => await vote({}))
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
