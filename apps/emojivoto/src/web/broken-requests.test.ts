import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createGrpcChannel } from "../grpc/grpc-channel.ts";
import { closeServer, listenOn } from "../http/http-server.ts";
import { createKeptLog, type Demo, startDemo, testAssets } from "../testing/start-demo.ts";
import { createWeb } from "./web.ts";

let demo: Demo;

beforeEach(async () => {
  demo = await startDemo();
});
afterEach(async () => {
  await demo.stop();
});

/** What comes back for `text`; with `end` nothing more will come. */
async function answerTo(port: number, text: string, end = false): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk) => (answer += String(chunk)));
  socket.on("error", () => undefined);
  if (end) socket.end(text);
  else socket.write(text);
  await new Promise((resolve) => socket.once("close", resolve));
  return answer;
}

const VOTE = "POST /api/vote HTTP/1.1\r\nHost: x\r\n";
const FORM = "Content-Type: application/x-www-form-urlencoded\r\n";
const CUT = `${VOTE}${FORM}Content-Length: 100\r\n\r\nchoice=:joy:`;
const codesIn = (lines: readonly string[]): unknown[] =>
  lines.map((line) => JSON.parse(line).code).filter((code) => code !== undefined);

test("a client that asks and asks and does not read is cut off", async () => {
  const web = createWeb({
    assets: testAssets,
    emoji: createGrpcChannel(`127.0.0.1:${demo.emoji.grpcPort}`),
    voting: [createGrpcChannel(`127.0.0.1:${demo.voting.grpcPort}`)],
    log: createKeptLog(),
    limits: { silenceMs: 300 },
  });
  const port = await listenOn(web.server, 0, "127.0.0.1");
  const socket = connect(port, "127.0.0.1").pause();
  socket.on("error", () => undefined);
  socket.write("GET /api/list HTTP/1.1\r\nHost: x\r\n\r\n".repeat(5_000));
  await new Promise((resolve) => web.server.once("connection", resolve));
  const connections = async (): Promise<number> =>
    await new Promise((resolve) => web.server.getConnections((_, count) => resolve(count)));
  await expect.poll(connections, { timeout: 10_000 }).toBe(0);
  socket.destroy();
  await closeServer(web.server, 0);
  web.disconnect();
});

describe("a request that cannot be read", () => {
  test.each<[string, string, string, string]>([
    ["is no HTTP", "NONSENSE\r\n\r\n", "400", "REQUEST_MALFORMED"],
    ["ends in its head", "GET / HTTP/1.1\r\nHo", "400", "REQUEST_MALFORMED"],
    ["ends in its body", CUT, "400", "REQUEST_MALFORMED"],
    ["has endless headers", `GET /${"x".repeat(60_000)} HTTP/1.1\r\n`, "431", "REQUEST_TOO_LARGE"],
    [
      "says that its body is endless",
      `${VOTE}${FORM}Content-Length: 400000000\r\n\r\n${"x".repeat(5_000)}`,
      "413",
      "REQUEST_TOO_LARGE",
    ],
  ])(
    "because it %s is refused once, in the answer and in the log",
    async (_, text, status, code) => {
      const answer = await answerTo(demo.web.port, text, true);
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answer).toContain(`"code":"${code}"`);
      expect(codesIn(demo.log.lines)).toEqual([code]);
      expect(demo.log.lines.join()).not.toContain("joy");
      expect((await fetch(`${demo.url}/api/list`)).status).toBe(200);
    },
  );

  test.each([
    ["head", "GET / HTTP/1.1\r\nHost: x\r\n"],
    ["body", CUT],
  ])("because its %s does not come is ended in time, and not counted", async (_, text) => {
    const log = createKeptLog();
    const web = createWeb({
      assets: testAssets,
      emoji: createGrpcChannel(`127.0.0.1:${demo.emoji.grpcPort}`),
      voting: [createGrpcChannel(`127.0.0.1:${demo.voting.grpcPort}`)],
      log,
      limits: { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 },
    });
    const port = await listenOn(web.server, 0, "127.0.0.1");
    const answer = await answerTo(port, text);
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
    expect(codesIn(log.lines)).toEqual(["REQUEST_TIMEOUT"]);
    expect(await (await fetch(`http://127.0.0.1:${port}/api/leaderboard`)).text()).toBe("[]\n");
    await closeServer(web.server, 0);
    web.disconnect();
  });
});
