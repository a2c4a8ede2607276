import net, { type AddressInfo, type Socket } from "node:net";
import tls from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { createMemoryLog } from "./testing/memory-log.ts";
import { tlsConfig } from "./testing/start-program.ts";
import { createTestMesh } from "./testing/test-mesh.ts";
import { readTlsEntries } from "./tls-entries.ts";
import { createTlsTerminator } from "./tls-terminator.ts";

async function start(limits: { maxPendingHandshakes?: number; handshakeTimeoutMs?: number }) {
  const mesh = await createTestMesh();
  const entries = readTlsEntries(
    tlsConfig({ "*:80": await mesh.entry(["localhost"], { clientAuth: true }) }, {}),
  );
  const entry = entries.incoming.get(80);
  if (entry === undefined) throw new Error("no entry");
  const log = createMemoryLog();
  const server = net.createServer();
  const deliver = (socket: Socket): void => {
    socket.end("delivered");
  };
  server.on(
    "connection",
    createTlsTerminator({ entry: () => entry, port: 80, server, deliver, log, ...limits }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const connect = (): Socket => {
    const socket = net.connect(port, "127.0.0.1").on("error", () => {});
    sockets.push(socket);
    return socket;
  };
  const greet = async (): Promise<string> => {
    const leaf = await mesh.issue(["web"]);
    const options = { port, host: "127.0.0.1", servername: "localhost", ca: mesh.caCert, ...leaf };
    return await new Promise((resolve) => {
      const socket = tls.connect(options);
      socket.on("data", (chunk) => resolve(chunk.toString()));
      socket.on("error", () => resolve("refused"));
      sockets.push(socket);
    });
  };
  return { log, connect, greet };
}

describe("a terminator", () => {
  test("gives up a handshake that takes too long with HANDSHAKE_TIMEOUT", async () => {
    const { log, connect, greet } = await start({ handshakeTimeoutMs: 50 });
    const socket = connect();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(log.lines[0]?.fields).toMatchObject({ code: "HANDSHAKE_TIMEOUT", port: 80 });
    expect(await greet()).toBe("delivered");
  });

  test("refuses more pending handshakes than it may hold, and takes new ones when they end", async () => {
    const { log, connect, greet } = await start({ maxPendingHandshakes: 2 });
    const held = [connect(), connect()];
    await Promise.all(
      held.map((socket) => new Promise((resolve) => socket.once("connect", resolve))),
    );
    expect(await greet()).toBe("refused");
    expect(log.lines.map(({ fields }) => fields["code"])).toContain("HANDSHAKES_PENDING");
    for (const socket of held) socket.destroy();
    await expect.poll(async () => await greet()).toBe("delivered");
  });
});
