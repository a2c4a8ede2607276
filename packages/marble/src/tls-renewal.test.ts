import net, { type AddressInfo, type Server, type Socket } from "node:net";
import tls from "node:tls";
import type { TlsConfigEntry } from "@carrara/manifest";
import { expect, onTestFinished, test } from "vitest";
import { renewTlsEntries } from "./renew-tls-entries.ts";
import { createMemoryLog } from "./testing/memory-log.ts";
import { tlsConfig } from "./testing/start-program.ts";
import { createTestMesh } from "./testing/test-mesh.ts";
import { createTlsDialer } from "./tls-dial.ts";
import { readTlsEntries, type TlsEntry } from "./tls-entries.ts";
import { createTlsTerminator } from "./tls-terminator.ts";

const KEY = "localhost:80";

/** The entries of one marble; `renew` puts others in force. */
function marble(entry: TlsConfigEntry) {
  const read = (one: TlsConfigEntry) =>
    readTlsEntries(tlsConfig({ "*:80": one }, { [KEY]: { ...one, clientAuth: undefined } }));
  const first = read(entry);
  const incoming = new Map(first.incoming);
  const outgoing = new Map(first.outgoing);
  const log = createMemoryLog();
  const entryOf = <K>(entries: ReadonlyMap<K, TlsEntry>, key: K): TlsEntry => {
    const found = entries.get(key);
    if (found === undefined) throw new Error("no entry");
    return found;
  };
  return {
    log,
    incoming: () => entryOf(incoming, 80),
    outgoing: () => entryOf(outgoing, KEY),
    renew: (one: TlsConfigEntry) => renewTlsEntries({ incoming, outgoing }, read(one), log)(),
  };
}

type TestMarble = ReturnType<typeof marble>;

async function serve(server: TestMarble, strangers: string[]) {
  const listener: Server = net.createServer();
  const deliver = (socket: Socket): void => {
    socket.on("error", () => {});
    socket.pipe(socket);
  };
  const terminate = createTlsTerminator({
    entry: server.incoming,
    port: 80,
    server: listener,
    deliver,
    log: server.log,
    onStranger: () => void strangers.push("server"),
  });
  listener.on("connection", terminate);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void listener.close());
  return (listener.address() as AddressInfo).port;
}

/** An open connection, or the code of its failure. */
async function dial(
  client: TestMarble,
  port: number,
  strangers: string[],
): Promise<Socket | string> {
  const dialTls = createTlsDialer(client.log, () => void strangers.push("client"));
  const address = { host: "127.0.0.1", port };
  const socket = dialTls({ name: "localhost", address, entry: client.outgoing() }, {}, {});
  onTestFinished(() => void socket.destroy());
  return await new Promise((resolve) => {
    socket.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    socket.on("close", () => resolve("closed"));
    socket.once("data", () => resolve(socket));
    socket.write("hello");
  });
}

async function echoes(socket: Socket): Promise<boolean> {
  return await new Promise((resolve) => {
    socket.once("data", (data) => resolve(data.toString() === "again"));
    socket.write("again");
  });
}

const LIFE_MS = 2_500;

test("marbles with short-lived certificates go on when both renew, over connections that stay open", async () => {
  const mesh = await createTestMesh();
  const entry = async (validForMs: number) =>
    await mesh.entry(["localhost"], { clientAuth: true, validForMs });
  const [server, client] = [marble(await entry(LIFE_MS)), marble(await entry(LIFE_MS))];
  const strangers: string[] = [];
  const port = await serve(server, strangers);
  const open = await dial(client, port, strangers);
  if (typeof open === "string") throw new Error(open);
  await new Promise((resolve) => setTimeout(resolve, LIFE_MS + 600));
  expect(await dial(client, port, strangers)).toBe("CERT_HAS_EXPIRED");
  server.renew(await entry(60_000));
  // The server's is fresh; it is the client's that is refused now.
  expect(await dial(client, port, strangers)).toBeTypeOf("string");
  client.renew(await entry(60_000));
  expect(await dial(client, port, strangers)).toBeInstanceOf(tls.TLSSocket);
  expect(await echoes(open)).toBe(true);
}, 20_000);

test.each(["server", "client"] as const)(
  "after a rotation that only the %s has seen both notice, nothing is delivered, and renewal heals it",
  async (first) => {
    const [before, after] = [await createTestMesh(), await createTestMesh()];
    const old = async () => await before.entry(["localhost"], { clientAuth: true });
    const fresh = async () => await after.entry(["localhost"], { clientAuth: true });
    const marbles = { server: marble(await old()), client: marble(await old()) };
    const strangers: string[] = [];
    const port = await serve(marbles.server, strangers);
    const open = await dial(marbles.client, port, strangers);
    if (typeof open === "string") throw new Error(open);
    marbles[first].renew(await fresh());
    expect(await dial(marbles.client, port, strangers)).toBeTypeOf("string");
    await expect.poll(() => new Set(strangers)).toEqual(new Set(["client", "server"]));
    marbles[first === "server" ? "client" : "server"].renew(await fresh());
    expect(await dial(marbles.client, port, strangers)).toBeInstanceOf(tls.TLSSocket);
    expect(await echoes(open)).toBe(true);
  },
);

test("a session of before a rotation is not taken up again", async () => {
  const [before, after] = [await createTestMesh(), await createTestMesh()];
  const server = marble(await before.entry(["localhost"], { clientAuth: true }));
  const port = await serve(server, []);
  const own = await before.issue(["peer"]);
  const connect = async (session?: Buffer): Promise<Buffer | string> =>
    await new Promise((resolve) => {
      const options = { port, host: "127.0.0.1", rejectUnauthorized: false, ...own };
      const socket = tls.connect(session === undefined ? options : { ...options, session });
      onTestFinished(() => void socket.destroy());
      let ticket: Buffer | undefined;
      socket.on("session", (given) => {
        ticket = given;
      });
      socket.on("secureConnect", () => {
        if (socket.isSessionReused()) resolve("taken up");
      });
      socket.on("error", () => resolve("refused"));
      socket.on("close", () => resolve("refused"));
      socket.on("data", () => resolve(ticket ?? "no ticket"));
      socket.write("hello");
    });
  const session = await connect();
  if (typeof session === "string") throw new Error(session);
  expect(await connect(session)).toBe("taken up");
  server.renew(await after.entry(["localhost"], { clientAuth: true }));
  expect(await connect(session)).toBe("refused");
});

test("renewed entries take no client verification away and make nothing plain, but say so", async () => {
  const mesh = await createTestMesh();
  const one = marble(await mesh.entry(["localhost"], { clientAuth: true }));
  const before = one.incoming();
  one.renew(await mesh.entry(["localhost"], { clientAuth: false }));
  expect(one.incoming().clientAuth).toBe(true);
  expect(one.incoming().context.cert).not.toBe(before.context.cert);
  expect(one.log.lines[0]?.fields).toEqual({ entries: "80" });
  const maps = { incoming: new Map([[80, one.incoming()]]), outgoing: new Map() };
  renewTlsEntries(maps, { incoming: new Map(), outgoing: new Map() }, one.log)();
  expect(maps.incoming.get(80)).toBe(one.incoming());
});
