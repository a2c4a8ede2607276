import { Server, ServerCredentials } from "@grpc/grpc-js";
import { Registry } from "prom-client";
import { castStatus } from "../apps/emojivoto/src/ballot/cast-status.ts";
import { createEmojiService } from "../apps/emojivoto/src/emoji/emoji-service.ts";
import { createGrpcMetrics } from "../apps/emojivoto/src/grpc/grpc-metrics.ts";
import { createVotingService } from "../apps/emojivoto/src/voting/voting-service.ts";

// A back end of the originals: our compatible services, over mutual TLS, with votes counted in memory.
interface Start {
  readonly cert: string;
  readonly key: string;
  readonly service: "emoji" | "voting";
}

process.once("message", ({ cert, key, service }: Start) => {
  const metrics = createGrpcMetrics(new Registry());
  const votes = new Map<number, number>();
  const cast = async (choice: number): Promise<0> => {
    votes.set(choice, (votes.get(choice) ?? 0) + 1);
    return await Promise.resolve(castStatus.done);
  };
  const { definition, handlers } =
    service === "emoji"
      ? createEmojiService({ metrics })
      : createVotingService({ standings: () => [], cast, metrics });
  const server = new Server();
  server.addService(definition, { ...handlers });
  const identity = [{ private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }];
  const credentials = ServerCredentials.createSsl(Buffer.from(cert), identity, true);
  server.bindAsync("127.0.0.1:0", credentials, (_error, port) => {
    process.send?.({ port });
  });
});
process.once("disconnect", () => process.exit(0));
