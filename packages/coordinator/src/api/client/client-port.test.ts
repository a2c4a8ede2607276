import { connect as connectPlain } from "node:net";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ListeningServer } from "../../listen-for-connections.ts";
import { callHttps } from "../../testing/http-client.ts";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "../../testing/test-coordinator.ts";
import { createTestUser } from "../../testing/test-user.ts";
import { serveClientApi } from "./client-api.ts";

let machine: TestMachine;
let running: TestCoordinator;
let slow: ListeningServer;

beforeAll(async () => {
  machine = await createTestMachine();
  running = await machine.start();
  slow = await serveClientApi({
    coordinator: running.coordinator,
    log: running.log,
    address: { host: "127.0.0.1", port: 0 },
    connectionLogLevel: "error",
    timeoutsMs: { request: 300, headers: 200, check: 50, handshake: 100 },
  });
});

afterAll(async () => {
  await slow.close();
  await slow.close();
  await machine.close();
});

/** Codes of what was refused since the test began, in the log's order. */
function watchRefusals(): () => unknown[] {
  const before = running.log.records.length;
  return () =>
    running.log.records
      .slice(before)
      .map(({ fields }) => fields["code"])
      .filter((code) => code !== undefined);
}

async function expectServing(port = running.clientPort): Promise<void> {
  expect((await callHttps(port, { path: "/api/v2/status" })).status).toBe(200);
}

/** What comes back for `text`; with `end` nothing more will come. */
async function rawAnswer(text: string, port = running.clientPort, end = false): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  let answer = "";
  socket.on("data", (chunk) => (answer += String(chunk)));
  if (end) socket.end(text);
  else socket.write(text);
  await new Promise((resolve) => socket.on("close", resolve).on("error", () => undefined));
  return answer;
}

const post = (path: string, length: number, body = ""): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${body}`;

describe("a request to the client port", () => {
  test.each<[string, number]>([
    ["/api/v2/manifest", 6_000_000],
    ["/manifest", 4_200_000],
    ["/api/v2/recover", 20_481],
    ["/api/v2/secrets", 1_100_000],
    ["/api/v2/sign-quote", 70_000],
  ])("with an oversized body at %s is refused", async (path, size) => {
    const refused = watchRefusals();
    const answer = await rawAnswer(post(path, size));
    expect(answer).toContain("413");
    expect(answer).toContain('"code":"REQUEST_TOO_LARGE"');
    expect(refused()).toEqual(["REQUEST_TOO_LARGE"]);
    await expectServing();
  });

  test.each<[string, string, string, string]>([
    ["that is no HTTP", "NONSENSE\r\n\r\n", "400 Bad Request", "REQUEST_MALFORMED"],
    [
      "with an endless address",
      `GET /${"x".repeat(60_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      "431 Request Header Fields Too Large",
      "REQUEST_TOO_LARGE",
    ],
    ["that ends in its head", "GET / HTTP/1.1\r\nHo", "400 Bad Request", "REQUEST_MALFORMED"],
    [
      "that ends in its body",
      post("/api/v2/manifest", 100, '{"manifest"'),
      "400 Bad Request",
      "REQUEST_MALFORMED",
    ],
  ])("%s is refused once, in the answer and in the log", async (_, text, status, code) => {
    const refused = watchRefusals();
    const answer = await rawAnswer(text, running.clientPort, true);
    expect(answer).toContain(`HTTP/1.1 ${status}\r\n`);
    expect(answer).toContain(`"code":"${code}"`);
    expect(refused()).toEqual([code]);
    await expectServing();
  });

  test("to an unknown route is 405, however large", async () => {
    const answer = await rawAnswer(post("/nowhere", 400_000_000));
    expect(answer).toContain("HTTP/1.1 405 Method Not Allowed\r\n");
    expect(answer).toContain('{"status":"error","data":null}\n');
  });

  test.each([
    ["head", "GET /api/v2/status HTTP/1.1\r\nHost: x\r\n"],
    ["body", post("/api/v2/manifest", 10, "{")],
  ])("whose %s does not come is ended with 408", async (_, text) => {
    const refused = watchRefusals();
    const answer = await rawAnswer(text, slow.port);
    expect(answer).toContain("408 Request Timeout");
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
    expect(refused()).toEqual(["REQUEST_TIMEOUT"]);
    await expectServing(slow.port);
  });
});

describe("a connection to the client port", () => {
  async function closed(port: number, text: string): Promise<void> {
    const socket = connectPlain(port, "127.0.0.1");
    socket.write(text);
    await new Promise((resolve) => socket.on("close", resolve).on("error", () => undefined));
  }

  test("in plain text is refused, and the service goes on", async () => {
    const refused = watchRefusals();
    await closed(running.clientPort, "GET / HTTP/1.1\r\n\r\n");
    expect(refused()).toEqual(["TLS_HANDSHAKE"]);
    await expectServing();
  });

  test("whose handshake does not come is ended", async () => {
    const refused = watchRefusals();
    await closed(slow.port, "");
    expect(refused()).toEqual(["TLS_HANDSHAKE_TIMEOUT"]);
    await expectServing(slow.port);
  });

  test("with a foreign certificate is nobody", async () => {
    const refused = watchRefusals();
    const client = await createTestUser();
    const path = "/api/v2/secrets?s=any";
    const { status, text } = await callHttps(running.clientPort, { path, client });
    expect(status).toBe(401);
    expect(text).toContain('"code":"USER_UNAUTHORIZED"');
    expect(refused()).toEqual(["USER_UNAUTHORIZED"]);
    await expectServing();
  });
});
