import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type Demo, startDemo } from "../testing/start-demo.ts";

const demos: Demo[] = [];
const streams: IncomingMessage[] = [];
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.destroy();
  for (const demo of demos.splice(0)) await demo.stop();
});

interface Viewer {
  /** Everything received. */
  text(): string;
  /** The latest board. */
  board(): { readonly total: number } | undefined;
  readonly ended: Promise<unknown>;
}

async function view(url: string): Promise<Viewer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${url}/api/v2/leaderboard/events`, { agent: false }, resolve).once("error", reject);
  });
  streams.push(response);
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    text += chunk;
  });
  response.on("error", () => undefined);
  const ended = new Promise((resolve) => response.once("close", resolve));
  return {
    text: () => text,
    board: () => {
      const line = text.match(/data: .*\n/g)?.at(-1);
      return line === undefined ? undefined : JSON.parse(line.slice("data: ".length));
    },
    ended,
  };
}

const vote = async (url: string): Promise<void> => {
  await (
    await fetch(`${url}/api/vote`, {
      method: "POST",
      body: new URLSearchParams({ choice: ":joy:" }),
    })
  ).text();
};

async function started(): Promise<Demo> {
  const demo = await startDemo();
  demos.push(demo);
  await (await fetch(`${demo.url}/api/v2/leaderboard`)).text();
  return demo;
}

describe("the live board", () => {
  test("comes at once and again when it changed, as the document that is read", async () => {
    const { url } = await started();
    const viewer = await view(url);
    await expect.poll(() => viewer.board()?.total).toBe(0);
    await vote(url);
    await expect.poll(() => viewer.board()?.total).toBe(1);
    expect(viewer.board()).toEqual(await (await fetch(`${url}/api/v2/leaderboard`)).json());
    expect(viewer.text()).toMatch(/^retry: \d+\n\nid: 0\nevent: board\ndata: /);
    expect(viewer.text()).toContain("\n\nid: 1\nevent: board\n");
  });

  test("is one for all of 1,000 viewers, and says nothing when nothing changed", async () => {
    const { url } = await started();
    const viewers = await Promise.all(Array.from({ length: 1_000 }, async () => await view(url)));
    await vote(url);
    await expect
      .poll(() => viewers.every((viewer) => viewer.board()?.total === 1), { timeout: 10_000 })
      .toBe(true);
    const lengths = viewers.map((viewer) => viewer.text().length);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(viewers.map((viewer) => viewer.text().length)).toEqual(lengths);
  }, 60_000);

  test("ends when web stops", async () => {
    const demo = await started();
    const viewer = await view(demo.url);
    const startedAt = performance.now();
    await demo.web.stop(8_000);
    await viewer.ended;
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });
});

describe("a gateway with 2,000 open connections", () => {
  test("of clients that read and write slowly stays responsive", async () => {
    const { url, web } = await started();
    const sockets = await Promise.all(
      Array.from({ length: 2_000 }, async (_, i) => {
        const socket = connect(web.port, "127.0.0.1");
        socket.on("error", () => undefined);
        await new Promise((resolve) => socket.once("connect", resolve));
        // Some send half a head, some half a body, some ask and do not read, the others say nothing.
        if (i % 4 === 0) socket.write("GET /api/v2/leaderboard HTTP/1.1\r\nHo");
        if (i % 4 === 1)
          socket.write("POST /api/v2/vote HTTP/1.1\r\nHost: x\r\nContent-Length: 128\r\n\r\nc");
        if (i % 4 === 2) {
          socket.pause();
          socket.write("GET /api/v2/leaderboard/events HTTP/1.1\r\nHost: x\r\n\r\n");
        }
        return socket;
      }),
    );
    const times: number[] = [];
    for (let i = 0; i < 50; i++) {
      const startedAt = performance.now();
      await vote(url);
      expect((await fetch(`${url}/api/v2/leaderboard`)).status).toBe(200);
      times.push(performance.now() - startedAt);
    }
    for (const socket of sockets) socket.destroy();
    times.sort((a, b) => a - b);
    expect(times[25]).toBeLessThan(250);
  }, 60_000);
});
