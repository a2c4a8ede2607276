import { Server, ServerCredentials, type sendUnaryData } from "@grpc/grpc-js";
import { naiveServices } from "./naive-services.ts";

// A back end of the originals' way: unary calls over mutual TLS, counted in memory. Certificate and key come over IPC.
process.once("message", ({ cert, key }: { cert: string; key: string }) => {
  const votes = new Map<string, number>();
  const server = new Server();
  const found = (_call: unknown, done: sendUnaryData<object>): void => done(null, { text: "😂" });
  const count = (_call: unknown, done: sendUnaryData<object>): void => {
    votes.set(":joy:", (votes.get(":joy:") ?? 0) + 1);
    done(null, {});
  };
  server.addService(naiveServices.emoji, { FindByShortcode: found });
  server.addService(naiveServices.voting, { VoteJoy: count });
  const identity = [{ private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }];
  const credentials = ServerCredentials.createSsl(Buffer.from(cert), identity, true);
  server.bindAsync("127.0.0.1:0", credentials, (_error, port) => {
    process.send?.({ port });
  });
});
process.once("disconnect", () => process.exit(0));
