/**
 * An ordinary program that knows nothing of TLS, with transparent TLS installed around it; obeys the
 * requests that its parent sends over IPC. Started by `startProgram`.
 */
import dns from "node:dns";
import http from "node:http";
import http2 from "node:http2";
import net, { type AddressInfo, type Server } from "node:net";
import { promisify } from "node:util";
import { parseTlsConfig } from "@carrara/manifest";
import grpc from "@grpc/grpc-js";
import { parsePortMap } from "../port-map.ts";
import { createPremainLog } from "../premain-log.ts";
import { installTransparentTls, type TransparentTls } from "../transparent-tls.ts";

const { TEST_TLS_CONFIG = "", TEST_PORT_MAP = "{}" } = process.env;
const untouched = [
  net.connect,
  net.Socket.prototype.connect,
  net.Server.prototype.listen,
  dns.lookup,
];

const install = (): TransparentTls =>
  installTransparentTls({
    config: parseTlsConfig(Buffer.from(TEST_TLS_CONFIG)),
    portMap: parsePortMap(TEST_PORT_MAP),
    log: createPremainLog({
      format: "text",
      write: (line) => process.stderr.write(line),
      now: () => new Date(),
    }),
  });
const installed = install();

const identity = (bytes: Buffer): Buffer => bytes;
const echoService = {
  Echo: {
    path: "/test.Echo/Echo",
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  },
} as const;

const listen = async (server: Server, port: number): Promise<number> =>
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "0.0.0.0", () => resolve((server.address() as AddressInfo).port));
  });

let delivered = 0;
let receivedBytes = 0;

const servers: Record<string, (port: number) => Promise<number>> = {
  async net(port) {
    const server = net.createServer((socket) => {
      delivered += 1;
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        receivedBytes += chunk.length;
      });
      socket.pipe(socket);
    });
    return await listen(server, port);
  },
  async http(port) {
    const server = http.createServer((request, response) => {
      delivered += 1;
      request.pipe(response);
    });
    return await listen(server, port);
  },
  async http2(port) {
    const server = http2.createServer();
    server.on("stream", (stream) => {
      delivered += 1;
      stream.respond({ ":status": 200 });
      stream.pipe(stream);
    });
    return await listen(server as unknown as Server, port);
  },
  async grpc(port) {
    const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
    server.addService(echoService, {
      Echo(call: grpc.ServerUnaryCall<Buffer, Buffer>, reply: grpc.sendUnaryData<Buffer>) {
        delivered += 1;
        reply(null, call.request);
      },
    });
    return await promisify(server.bindAsync.bind(server))(
      `0.0.0.0:${port}`,
      grpc.ServerCredentials.createInsecure(),
    );
  },
};

async function exchange(socket: net.Socket, payload: Buffer): Promise<string> {
  const chunks: Buffer[] = [];
  return await new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => resolve(Buffer.concat(chunks).toString("latin1")));
    socket.on("close", () => reject(Object.assign(new Error("closed"), { code: "CLOSED" })));
    socket.end(payload);
  });
}

async function httpExchange(url: string, payload: Buffer): Promise<string> {
  return await new Promise((resolve, reject) => {
    const request = http.request(url, { method: "POST" }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).toString("latin1")));
    });
    request.on("error", reject);
    request.end(payload);
  });
}

async function http2Exchange(url: string, payload: Buffer): Promise<string> {
  return await new Promise((resolve, reject) => {
    const session = http2.connect(url);
    session.on("error", reject);
    const stream = session.request({ ":method": "POST" });
    const chunks: Buffer[] = [];
    stream.on("error", reject);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      session.close();
      resolve(Buffer.concat(chunks).toString("latin1"));
    });
    stream.end(payload);
  });
}

async function grpcExchange(target: string, payload: Buffer): Promise<string> {
  const client = new grpc.Client(target, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
  });
  return await new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      echoService.Echo.path,
      identity,
      identity,
      payload,
      new grpc.Metadata(),
      { deadline: Date.now() + 10_000 },
      (error, response) => {
        client.close();
        if (response === undefined) reject(error ?? new Error("no answer"));
        else resolve(response.toString("latin1"));
      },
    );
  });
}

const clients: Record<string, (host: string, port: number, payload: Buffer) => Promise<string>> = {
  net: async (host, port, payload) => await exchange(net.connect(port, host), payload),
  createConnection: async (host, port, payload) =>
    await exchange(net.createConnection({ host, port }), payload),
  socket: async (host, port, payload) =>
    await exchange(new net.Socket().connect({ host, port }), payload),
  lookup: async (host, port, payload) => {
    const { address } = await promisify(dns.lookup)(host);
    return await exchange(net.connect(port, address), payload);
  },
  http: async (host, port, payload) => await httpExchange(`http://${host}:${port}/`, payload),
  fetch: async (host, port, payload) => {
    const response = await fetch(`http://${host}:${port}/`, { method: "POST", body: payload });
    return Buffer.from(await response.arrayBuffer()).toString("latin1");
  },
  http2: async (host, port, payload) => await http2Exchange(`http://${host}:${port}`, payload),
  grpc: async (host, port, payload) => await grpcExchange(`${host}:${port}`, payload),
};

interface Request {
  readonly id: number;
  readonly op: string;
  readonly kind?: string;
  readonly host?: string;
  readonly port?: number;
  readonly size?: number;
  readonly count?: number;
  readonly options?: object;
}

const operations: Record<string, (request: Request) => Promise<unknown>> = {
  listen: async ({ kind = "", port = 0 }) => await servers[kind]?.(port),
  async dial({ kind = "", host = "", port = 0, size = 5, count = 1 }) {
    const payload = Buffer.alloc(size, "hello");
    const one = async (): Promise<boolean> =>
      (await clients[kind]?.(host, port, payload)) === payload.toString("latin1");
    const results = await Promise.all(Array.from({ length: count }, one));
    return results.every(Boolean);
  },
  lookup: async ({ host = "", options = {} }) => ({
    promise: await dns.promises.lookup(host, options),
    callback: await new Promise((resolve, reject) => {
      dns.lookup(host, options, (error, ...results) => (error ? reject(error) : resolve(results)));
    }),
  }),
  resolve: async ({ host = "" }) => [
    await dns.promises.resolve4(host),
    await promisify(dns.resolve6)(host),
    await new dns.promises.Resolver().resolve4(host, { ttl: true }),
  ],
  state: async () => ({ delivered, receivedBytes }),
  async uninstall() {
    installed.uninstall();
    const now = [
      net.connect,
      net.Socket.prototype.connect,
      net.Server.prototype.listen,
      dns.lookup,
    ];
    return now.every((method, index) => method === untouched[index]);
  },
};

process.on("message", (message) => {
  const request = message as Request;
  const answer = (body: object): void => void process.send?.({ id: request.id, ...body });
  const run = operations[request.op];
  if (run === undefined) return;
  run(request).then(
    (value) => answer({ value }),
    (error: Error & { code?: unknown; cause?: { code?: unknown } }) =>
      answer({ error: String(error.cause?.code ?? error.code ?? error.message) }),
  );
});
process.on("disconnect", () => process.exit(0));
process.send?.({ id: 0, value: "ready" });
