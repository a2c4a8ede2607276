import { Agent, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { collectBody } from "./collect-body.ts";
import type { WebRequest, WebResponse } from "./exchange.ts";
import { closeServer, listenOn } from "./http-server.ts";
import { WholeServer } from "./whole-server.ts";

/** A server that answers with what it got and who read it. */
interface Echo {
  readonly server: WholeServer;
  readonly port: number;
  /** Answers of `/later`, to be given. */
  readonly later: (() => void)[];
}

let echo: Echo | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  if (echo !== undefined) await closeServer(echo.server, 0);
  echo = undefined;
});

async function started(keepAliveTimeout = 10_000): Promise<Echo> {
  const later: (() => void)[] = [];
  const handle = (incoming: WebRequest, response: WebResponse): void => {
    const answer = (body: Buffer): void => {
      const by = "body" in incoming ? "here" : "node";
      const text = `${incoming.method} ${incoming.url} ${body.length} ${by};`;
      const close = incoming.url === "/close" ? ["Connection", "close"] : [];
      response.writeHead(200, ["X-Own", "1", "Content-Length", `${text.length}`, ...close]);
      response.end(text, "latin1");
    };
    const fail = (): void => answer(Buffer.alloc(0));
    const done = (body: Buffer): void => {
      if (incoming.url === "/later") later.push(() => answer(body));
      else answer(body);
    };
    collectBody(incoming, 1_000_000, { done, fail });
  };
  const streams = new Map([
    [
      "/stream",
      (_: unknown, response: { end(text: string): unknown }) => void response.end("streamed"),
    ],
  ]);
  const server = new WholeServer({ handle, streams, keepAliveTimeout });
  const port = await listenOn(server, 0, "127.0.0.1");
  echo = { server, port, later };
  return echo;
}

/** A connection and what came back on it so far, bodies only. */
function dial(port: number): { socket: Socket; text: () => string; closed: Promise<unknown> } {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  let all = "";
  socket.on("data", (chunk) => (all += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  return { socket, text: () => all.replace(/HTTP\/1\.1[\s\S]*?\r\n\r\n/g, ""), closed };
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe("a connection", () => {
  test("is read here for as long as requests come whole", async () => {
    const { port } = await started();
    const { socket, text } = dial(port);
    for (const n of [1, 2, 3]) {
      socket.write(post(`/${n}`, "abc"));
      await expect.poll(text).toContain(`/${n} 3 here;`);
    }
  });

  test("becomes Node's with a request in pieces, for good, and nothing is lost", async () => {
    const { port } = await started();
    const { socket, text } = dial(port);
    socket.write(get("/1"));
    await expect.poll(text).toBe("GET /1 0 here;");
    socket.write("POST /2 HTTP/1.1\r\nHo");
    await new Promise((resolve) => setTimeout(resolve, 20));
    const body = "x".repeat(300_000);
    socket.write(`st: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await expect.poll(text).toContain("POST /2 300000 node;");
    socket.write(get("/3"));
    await expect.poll(text).toContain("GET /3 0 node;");
  });

  test.each([
    ["PUT", "PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na", "PUT /1 1 node;"],
    [
      "chunks",
      "POST /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
      "POST /1 1 node;",
    ],
    ["a stream", get("/stream?x"), "streamed"],
  ])("becomes Node's with %s", async (_, sent, answer) => {
    const { port } = await started();
    const { socket, text } = dial(port);
    socket.write(sent);
    await expect.poll(text).toContain(answer);
  });

  test("answers requests that came at once, in order", async () => {
    const { port } = await started();
    const { socket, text } = dial(port);
    socket.write(get("/1") + post("/2", "ab") + get("/3"));
    await expect.poll(text).toBe("GET /1 0 node;POST /2 2 node;GET /3 0 node;");
  });

  test("answers requests that came before the answer to an earlier one, in order", async () => {
    const { port, later } = await started();
    const { socket, text } = dial(port);
    socket.write(get("/later"));
    await expect.poll(() => later.length).toBe(1);
    socket.write(post("/2", "ab"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.write(get("/3"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(text()).toBe("");
    later[0]?.();
    await expect.poll(text).toBe("GET /later 0 here;POST /2 2 node;GET /3 0 node;");
  });

  test("is closed after an answer that says so", async () => {
    const { port } = await started();
    const { socket, text, closed } = dial(port);
    socket.write(get("/close"));
    await closed;
    expect(text()).toBe("GET /close 0 here;");
  });

  test("whose client has sent all gets its answer, then the end", async () => {
    const { port, later } = await started();
    const { socket, text, closed } = dial(port);
    socket.end(get("/later"));
    await expect.poll(() => later.length).toBe(1);
    later[0]?.();
    await closed;
    expect(text()).toBe("GET /later 0 here;");
  });

  test("whose client is gone when its answer comes harms nobody", async () => {
    const { port, later, server } = await started();
    const { socket, closed } = dial(port);
    socket.write(get("/later"));
    await expect.poll(() => later.length).toBe(1);
    socket.resetAndDestroy();
    await closed;
    const count = async (): Promise<number> =>
      await new Promise((resolve) => server.getConnections((_, n) => resolve(n)));
    await expect.poll(count).toBe(0);
    later[0]?.();
    const other = dial(port);
    other.socket.write(get("/2"));
    await expect.poll(other.text).toBe("GET /2 0 here;");
  });

  test("whose client is gone with more to ask is not handed over", async () => {
    const { port, later, server } = await started();
    let taken: unknown;
    server.on("connection", (connection) => {
      taken = connection;
    });
    const { socket, closed } = dial(port);
    socket.write(get("/later"));
    await expect.poll(() => later.length).toBe(1);
    socket.write(get("/2"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.closeAllConnections();
    await closed;
    later[0]?.();
    // What Node puts on a connection that it reads, and takes off when that closes.
    expect(taken).toBeDefined();
    expect(taken).not.toHaveProperty("parser");
  });

  test.each([
    ["after nothing", ""],
    ["after a request", get("/1")],
  ])("on which nothing comes is closed %s", async (_, sent) => {
    const { port } = await started(50);
    const { socket, closed } = dial(port);
    if (sent !== "") socket.write(sent);
    await closed;
  });
});

describe("a server that stops", () => {
  test("closes what is idle, lets an answer out, and ends", async () => {
    const { port, later, server } = await started();
    const idle = dial(port);
    idle.socket.write(get("/1"));
    await expect.poll(idle.text).not.toBe("");
    const busy = dial(port);
    busy.socket.write(get("/later"));
    await expect.poll(() => later.length).toBe(1);
    const stopped = closeServer(server, 5_000);
    await idle.closed;
    later[0]?.();
    await busy.closed;
    expect(busy.text()).toBe("GET /later 0 here;");
    await stopped;
  });

  test("cuts what does not end in time", async () => {
    const { port, later, server } = await started();
    const { socket, closed } = dial(port);
    socket.write(get("/later"));
    await expect.poll(() => later.length).toBe(1);
    await closeServer(server, 50);
    await closed;
  });
});

test("answers here have the headers of Node's, in its words", async () => {
  const { port } = await started();
  const headersOf = async (method: string): Promise<[string[], Record<string, unknown>]> =>
    await new Promise((resolve, reject) => {
      const agent = new Agent({ keepAlive: true });
      const one = request({ port, method, path: "/1", agent }, (response) => {
        response.resume();
        response.once("end", () => {
          resolve([response.rawHeaders.filter((_, i) => i % 2 === 0), response.headers]);
          agent.destroy();
        });
      });
      one.once("error", reject);
      one.end();
    });
  const [mine, values] = await headersOf("GET");
  const [theirs, nodeValues] = await headersOf("PUT");
  expect(mine).toEqual(theirs);
  expect([values["keep-alive"], nodeValues["keep-alive"]]).toEqual(["timeout=10", "timeout=10"]);
  expect(Math.abs(Date.parse(String(values["date"])) - Date.now())).toBeLessThan(5_000);
});

test("a header with a line break is refused, whoever wrote it", async () => {
  const server = new WholeServer({
    handle: (_, response) => {
      expect(() => response.writeHead(200, ["X", "1\r\nY: 2"])).toThrow("line break");
      response.writeHead(200, ["Content-Length", "0"]);
      response.end("", "latin1");
    },
    streams: new Map(),
    keepAliveTimeout: 1_000,
  });
  const port = await listenOn(server, 0, "127.0.0.1");
  const { socket, closed } = dial(port);
  socket.end(get("/"));
  await closed;
  expect((server.address() as AddressInfo).port).toBe(port);
  await closeServer(server, 0);
});
