import { createServer } from "node:https";

// The yardstick: what node:https alone can answer. Certificate, key and the headers and body to answer come over IPC.
process.once(
  "message",
  (message: { cert: string; key: string; headers: string[]; body: string }) => {
    const server = createServer(message, (_request, response) => {
      response.writeHead(200, message.headers);
      response.end(message.body);
    });
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      process.send?.({ port: typeof address === "object" ? address?.port : undefined });
    });
  },
);
process.once("disconnect", () => process.exit(0));
