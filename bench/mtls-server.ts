import { createServer } from "node:tls";

// The yardstick for activations: mutual TLS handshakes and nothing else. Certificate and key come over IPC.
process.once("message", (message: { cert: string; key: string }) => {
  const server = createServer(
    { ...message, requestCert: true, rejectUnauthorized: false },
    (socket) => {
      socket.on("error", () => undefined);
      socket.end("k");
    },
  );
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    process.send?.({ port: typeof address === "object" ? address?.port : undefined });
  });
});
process.once("disconnect", () => process.exit(0));
