import { createServer, type Server } from "node:http";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WholeRequest } from "./exchange.ts";
import { readWholeRequest } from "./whole-request.ts";

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");
const read = (text: string): WholeRequest | undefined => readWholeRequest(bytesOf(text));

const GET = "GET /api/list HTTP/1.1\r\nHost: x\r\n\r\n";
const POST = "POST /api/vote?a=%20 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";

describe("a whole request", () => {
  test("has its method, target, headers and body", () => {
    const headers = "Host:x:1\r\nAccept:  a, b;q=0.1  \r\nX-Empty:\r\nConnection: Keep-Alive\r\n";
    const request = read(
      `POST /api/v2/vote?x=:y: HTTP/1.1\r\n${headers}content-LENGTH: 2\r\n\r\n\xe9!`,
    );
    expect(request).toMatchObject({ method: "POST", url: "/api/v2/vote?x=:y:" });
    expect({ ...request?.headers }).toEqual({
      host: "x:1",
      accept: "a, b;q=0.1",
      "x-empty": "",
      connection: "Keep-Alive",
      "content-length": "2",
    });
    expect([...(request?.body ?? [])]).toEqual([0xe9, 0x21]);
  });

  test("without a length has no body", () => {
    expect(read(GET.replace("GET", "POST"))?.body).toHaveLength(0);
  });

  test("has no header that nobody sent", () => {
    const { headers = {} } = read(GET) ?? {};
    expect("constructor" in headers || "__proto__" in headers).toBe(false);
  });
});

describe("left to Node", () => {
  const post = (header: string, body = ""): string =>
    `POST / HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n${body}`;
  test.each([
    ["nothing", ""],
    ["another method", GET.replace("GET", "PUT")],
    ["a method in lower case", GET.replace("GET", "get")],
    ["HTTP/1.0", GET.replace("1.1", "1.0")],
    ["no path", GET.replace("/api/list", "*")],
    ["an absolute target", GET.replace("/api/list", "http://x/")],
    ["two spaces", GET.replace(" /", "  /")],
    ["a target with a byte that is not ASCII", GET.replace("list", "l\xefst")],
    ["line feeds only", GET.replaceAll("\r\n", "\n")],
    ["an empty line first", `\r\n${GET}`],
    ["no host", "GET / HTTP/1.1\r\nAccept: x\r\n\r\n"],
    ["no header", "GET / HTTP/1.1\r\n\r\n"],
    ["two hosts", "GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n"],
    ["a header twice", post("A: 1\r\na: 1\r\nContent-Length: 0")],
    ["a header without a colon", post("A\r\nContent-Length: 0")],
    ["a space before a colon", post("Content-Length : 0")],
    ["a folded header", post("A: 1\r\n 2\r\nContent-Length: 0")],
    ["a tab in a header", post("A: 1\t2\r\nContent-Length: 0")],
    ["a zero byte in a header", post("A: 1\0\r\nContent-Length: 0")],
    ["a line feed in a header", post("A: 1\nB: 2\r\nContent-Length: 0")],
    ["a carriage return in a header", post("A: 1\rB: 2\r\nContent-Length: 0")],
    ["a name with an underscore", post("__proto__: 1\r\nContent-Length: 0")],
    ["a body without a length", post("A: 1", "hello")],
    ["a length with a sign", post("Content-Length: +0")],
    ["a length with a zero in front", post("Content-Length: 05", "hello")],
    ["a length in hexadecimal", post("Content-Length: 0x5", "hello")],
    ["two lengths in one", post("Content-Length: 5, 5", "hello")],
    ["a body that is not all there", POST.slice(0, -1)],
    ["more than its body", `${POST}!`],
    ["two requests", GET + GET],
    ["GET with a body", POST.replace("POST", "GET")],
    ["GET with a length", GET.replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n")],
    ["chunks", post("Transfer-Encoding: chunked", "0\r\n\r\n")],
    ["chunks and a length", post("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n")],
    ["an expectation", post("Expect: 100-continue\r\nContent-Length: 0")],
    ["an upgrade", post("Upgrade: websocket\r\nContent-Length: 0")],
    ["a connection to close", post("Connection: close\r\nContent-Length: 0")],
    ["a connection to upgrade", post("Connection: keep-alive, upgrade\r\nContent-Length: 0")],
    ["a head that goes on", GET.slice(0, -2)],
    ["more than 8 KiB", GET.replace("list", "x".repeat(8_192))],
  ])("is what has %s", (_, text) => {
    expect(read(text)).toBeUndefined();
  });
});

test("a request that is no request takes no time", () => {
  const spaces = " ".repeat(7_900);
  const start = performance.now();
  for (const text of [
    `GET / HTTP/1.1\r\nHost:${spaces}\0\r\n\r\n`,
    `GET /${"!".repeat(7_900)}\0 HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET / HTTP/1.1\r\n${"a:\r\n".repeat(1_900)}\0\r\n\r\n`,
  ]) {
    for (let i = 0; i < 100; i += 1) expect(read(text)).toBeUndefined();
  }
  // Quadratic time would take seconds.
  expect(performance.now() - start).toBeLessThan(2_000);
});

/** What Node's parser makes of bytes that are all a connection sends. */
interface Seen {
  readonly requests: readonly unknown[];
  readonly errors: number;
}

async function asNodeReads(server: Server, bytes: Buffer): Promise<Seen> {
  const requests: unknown[] = [];
  let errors = 0;
  const pieces = [bytes];
  const socket = new Duplex({
    read() {
      this.push(pieces.shift() ?? null);
    },
    write: (_chunk, _encoding, done) => done(),
  });
  server.removeAllListeners("request");
  server.removeAllListeners("clientError");
  server.on("clientError", () => {
    errors += 1;
    socket.destroy();
  });
  server.on("request", (request, response) => {
    const chunks: Buffer[] = [];
    const { method, url, rawHeaders } = request;
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests.push({ method, url, rawHeaders, body: Buffer.concat(chunks).toString("latin1") });
      response.end();
    });
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  server.emit("connection", socket);
  await closed;
  return { requests, errors };
}

const PARTS = [
  "GET ",
  "POST ",
  "/",
  "/api/v2/vote?choice=:joy:",
  " HTTP/1.1",
  " HTTP/1.0",
  "\r\n",
  "\n",
  "\r",
  "Host: x\r\n",
  "host:y\r\n",
  "Content-Length: 0\r\n",
  "Content-Length: 3\r\n",
  "Content-Length:",
  "Transfer-Encoding: chunked\r\n",
  "Connection: keep-alive\r\n",
  "Connection: close\r\n",
  "Upgrade: h2c\r\n",
  "X: \t1\r\n",
  "A-b: c d \r\n",
  " ",
  ":",
  "\0",
  "\xe9",
  "abc",
  "0\r\n\r\n",
];
const anyRequest = fc.oneof(
  fc.array(fc.constantFrom(...PARTS), { maxLength: 14 }).map((parts) => parts.join("")),
  fc
    .tuple(
      fc.constantFrom("GET / HTTP/1.1\r\nHost: x\r\n", "POST /a?b HTTP/1.1\r\nHost: x\r\n"),
      fc.array(fc.constantFrom(...PARTS), { maxLength: 5 }),
      fc.constantFrom("\r\n", "\r\nabc", "Content-Length: 3\r\n\r\nabc"),
    )
    .map(([head, parts, end]) => head + parts.join("") + end),
  fc
    .tuple(fc.constantFrom(GET, POST), fc.nat(60), fc.string({ unit: "binary", maxLength: 4 }))
    .map(([text, at, more]) => text.slice(0, at) + more + text.slice(at + more.length)),
);

test("whatever is read here, Node reads as the same and only request", async () => {
  const server = createServer();
  let read = 0;
  await fc.assert(
    fc.asyncProperty(anyRequest, async (text) => {
      const bytes = bytesOf(text);
      const mine = readWholeRequest(bytes);
      if (mine === undefined) return;
      read += 1;
      const { requests, errors } = await asNodeReads(server, bytes);
      expect([requests.length, errors]).toEqual([1, 0]);
      const { rawHeaders, ...rest } = requests[0] as { rawHeaders: string[] };
      const headers: Record<string, string> = {};
      for (let i = 0; i < rawHeaders.length; i += 2) {
        headers[rawHeaders[i]?.toLowerCase() ?? ""] = rawHeaders[i + 1] ?? "";
      }
      expect({ ...rest, headers }).toEqual({
        method: mine.method,
        url: mine.url,
        body: mine.body.toString("latin1"),
        headers: { ...mine.headers },
      });
    }),
    { numRuns: 50_000 },
  );
  // A property that nothing reaches says nothing.
  expect(read).toBeGreaterThan(1_000);
}, 60_000);
