import { readFile } from "node:fs/promises";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, test } from "vitest";
import { voteRpcs } from "../gen/catalogue.ts";
import { VoteRequestSchema, VotingService } from "../gen/emojivoto/v1/voting_pb.ts";
import { createGrpcChannel, type GrpcChannel } from "../grpc/grpc-channel.ts";
import { RpcError, rpcCode } from "../grpc/rpc-status.ts";
import { serviceDefinitionOf } from "../grpc/service-definition.ts";
import { listenOn } from "../http/http-server.ts";
import { call } from "../testing/call.ts";
import {
  createKeptLog,
  type Demo,
  startDemo,
  startTestVoting,
  testAssets,
} from "../testing/start-demo.ts";
import { createWeb } from "./web.ts";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks with the target as written: fetch would tidy it up. */
async function ask(
  url: string,
  target: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body } = options;
  return await new Promise((resolve, reject) => {
    const one = request(url, { path: target, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    one.once("error", reject);
    one.end(body);
  });
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function started(doughnutCounts = false): Promise<Demo> {
  const demo = await startDemo({ doughnutCounts });
  closers.push(demo.stop);
  return demo;
}

const JSON_TYPE = "application/json; charset=UTF-8";
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const DOUGHNUT_ERROR = '{"error":"rpc error: code = Unknown desc = ERROR"}\n';
const MANDATORY = '{"error":"Emoji choice [] is mandatory"}\n';
const MULTIPART = '--b\r\nContent-Disposition: form-data; name="choice"\r\n\r\n:poop:\r\n--b--\r\n';

describe("GET /api/list", () => {
  test("is the original's bytes: 99 emoji, 4513 bytes", async () => {
    const { url } = await started();
    const { status, headers, body } = await ask(url, "/api/list");
    const file = await readFile(new URL("../../data/emoji.json", import.meta.url), "utf8");
    const rows = (JSON.parse(file) as { shortcode: string; unicode: string }[]).map(
      ({ shortcode, unicode }) => ({ shortcode, unicode }),
    );
    expect([status, headers["content-type"], headers["content-length"]]).toEqual([
      200,
      JSON_TYPE,
      "4513",
    ]);
    expect(body).toBe(`${JSON.stringify(rows)}\n`);
  });
});

describe("a vote", () => {
  test.each([
    ["GET", "/api/vote?choice=:taco:", {}, undefined, ":taco:"],
    ["GET", "/api/vote?choice=%3Ataco%3A", {}, undefined, ":taco:"],
    ["GET", "/api/vote?x=1&choice=:taco:", {}, undefined, ":taco:"],
    ["POST", "/api/vote?choice=:taco:", {}, undefined, ":taco:"],
    ["POST", "/api/vote", FORM, "choice=:poop:&pad=xxxx", ":poop:"],
    ["POST", "/api/vote?choice=:taco:", FORM, "choice=%3Apoop%3A", ":poop:"],
    ["PUT", "/api/vote", FORM, "choice=:poop:", ":poop:"],
    ["PATCH", "/api/vote", FORM, "choice=:poop:", ":poop:"],
    [
      "POST",
      "/api/vote",
      { "content-type": "multipart/form-data; boundary=b" },
      MULTIPART,
      ":poop:",
    ],
    [
      "POST",
      "/api/vote?choice=:taco:",
      { "content-type": "application/json" },
      '{"choice":":poop:"}',
      ":taco:",
    ],
  ])(
    "by %s %s with %o and %j counts for %5$s, with an empty answer",
    async (method, target, headers, body, counted) => {
      const { url } = await started();
      const answer = await ask(url, target, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      expect([answer.status, answer.body]).toEqual([200, ""]);
      expect(answer.headers["content-type"]).toBeUndefined();
      const board = JSON.parse((await ask(url, "/api/leaderboard")).body) as {
        shortcode: string;
        votes: string;
      }[];
      expect(board.map(({ shortcode, votes }) => [shortcode, votes])).toEqual([[counted, "1"]]);
    },
  );

  test.each([
    ["GET", "/api/vote", {}, undefined, 400, MANDATORY],
    ["GET", "/api/vote?choice=", {}, undefined, 400, MANDATORY],
    ["POST", "/api/vote?choice=:joy:", FORM, "choice=", 400, MANDATORY],
    [
      "POST",
      "/api/vote",
      { "content-type": "application/json" },
      '{"choice":":joy:"}',
      400,
      MANDATORY,
    ],
    [
      "GET",
      "/api/vote?choice=joy",
      {},
      undefined,
      400,
      '{"error":"Choosen emoji shortcode [joy] doesnt exist"}\n',
    ],
    [
      "GET",
      "/api/vote?choice=:relaxed:",
      {},
      undefined,
      400,
      '{"error":"Choosen emoji shortcode [:relaxed:] doesnt exist"}\n',
    ],
    [
      "GET",
      "/api/vote?choice=%3Cb%3E%26",
      {},
      undefined,
      400,
      '{"error":"Choosen emoji shortcode [\\u003cb\\u003e\\u0026] doesnt exist"}\n',
    ],
    ["GET", "/api/vote?choice=:doughnut:", {}, undefined, 500, DOUGHNUT_ERROR],
    ["POST", "/api/vote", FORM, "choice=:doughnut:", 500, DOUGHNUT_ERROR],
    ["DELETE", "/api/vote?choice=:joy:", {}, undefined, 405, '{"error":"Method not allowed"}\n'],
    [
      "GET",
      "/api/vote?choice=:joy:",
      { "sec-fetch-site": "cross-site" },
      undefined,
      403,
      '{"error":"Votes from other sites are not counted"}\n',
    ],
    [
      "GET",
      "/api/vote?choice=:joy:",
      { "sec-fetch-site": "same-site" },
      undefined,
      403,
      '{"error":"Votes from other sites are not counted"}\n',
    ],
    [
      "GET",
      "/api/vote?choice=:joy:",
      { "sec-purpose": "prefetch" },
      undefined,
      403,
      '{"error":"Votes from other sites are not counted"}\n',
    ],
    [
      "POST",
      "/api/vote",
      FORM,
      `choice=${"x".repeat(5000)}`,
      413,
      '{"error":"Request body is too large","code":"REQUEST_TOO_LARGE"}\n',
    ],
  ])(
    "by %s %s with %o and %s is refused with %i",
    async (method, target, headers, body, status, text) => {
      const { url } = await started();
      const answer = await ask(url, target, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      expect([answer.status, answer.headers["content-type"], answer.body]).toEqual([
        status,
        JSON_TYPE,
        text,
      ]);
      expect((await ask(url, "/api/leaderboard")).body).toBe("[]\n");
    },
  );

  test("for the doughnut counts in version 2", async () => {
    const { url } = await started(true);
    expect((await ask(url, "/api/vote?choice=:doughnut:")).status).toBe(200);
    expect((await ask(url, "/api/leaderboard")).body).toBe(
      '[{"shortcode":":doughnut:","unicode":"🍩","votes":"1"}]\n',
    );
  });

  test("reaches its own emoji for all 99, and each of 500 at once is counted", async () => {
    const { url } = await started(true);
    const listed = voteRpcs.filter(({ shortcode }) => shortcode !== ":relaxed:");
    const all = listed.map(({ shortcode }) => shortcode);
    while (all.length < 500) all.push(":joy:");
    const answers = await Promise.all(
      all.map(async (shortcode) => (await fetch(`${url}/api/vote?choice=${shortcode}`)).status),
    );
    expect(new Set(answers)).toEqual(new Set([200]));
    const board = async (): Promise<readonly number[]> => {
      const { total, results } = (await (await fetch(`${url}/api/v2/leaderboard`)).json()) as {
        total: number;
        results: unknown[];
      };
      return [total, results.length];
    };
    await expect.poll(board).toEqual([500, 99]);
  });
});

describe("the leaderboard", () => {
  test("has decimal strings, and numbers in version 2; most votes first, ties in list order", async () => {
    const { url } = await started();
    for (const choice of [":taco:", ":poop:", ":joy:", ":poop:"])
      await ask(url, `/api/vote?choice=${choice}`);
    const answer = await ask(url, "/api/leaderboard");
    expect(answer.headers["content-type"]).toBe(JSON_TYPE);
    expect(answer.body).toBe(
      '[{"shortcode":":poop:","unicode":"💩","votes":"2"},{"shortcode":":joy:","unicode":"😂","votes":"1"},{"shortcode":":taco:","unicode":"🌮","votes":"1"}]\n',
    );
    const poll = {
      state: "open",
      opens: null,
      closes: null,
      revote: "unlimited",
      interimResults: "shown",
    };
    const board = async (): Promise<unknown> =>
      JSON.parse((await ask(url, "/api/v2/leaderboard")).body);
    await expect.poll(board).toEqual({
      results: [
        { shortcode: ":poop:", unicode: "💩", votes: 2 },
        { shortcode: ":joy:", unicode: "😂", votes: 1 },
        { shortcode: ":taco:", unicode: "🌮", votes: 1 },
      ],
      total: 4,
      superseded: 0,
      treeSize: 4,
      poll,
      accepting: true,
    });
  });

  test("survives a vote for an emoji outside the catalogue", async () => {
    const { url, voting } = await started();
    const service = serviceDefinitionOf(VotingService);
    await call(voting.grpcPort, service, "VoteRelaxed", create(VoteRequestSchema));
    expect((await ask(url, "/api/leaderboard")).body).toBe("[]\n");
  });
});

describe("back ends that fail", () => {
  const UNAVAILABLE = '{"error":"The service is temporarily unavailable, please try again"}\n';

  test("that are down are a 503 without their address, told in the log", async () => {
    const { url, voting, log } = await started();
    await ask(url, "/api/vote?choice=:joy:");
    await voting.stop(0);
    for (const target of ["/api/vote?choice=:joy:", "/api/leaderboard"]) {
      const { status, body } = await ask(url, target);
      expect([status, body]).toEqual([503, UNAVAILABLE]);
    }
    for (const target of [
      "leaderboard",
      "ballot/keys",
      "ballot/checkpoint",
      "ballot/proof?index=0",
    ]) {
      const { status, body } = await ask(url, `/api/v2/${target}`);
      expect([status, JSON.parse(body).code]).toEqual([503, "VOTING_UNAVAILABLE"]);
    }
    expect((await ask(url, "/readyz")).status).toBe(503);
    expect((await ask(url, "/healthz")).status).toBe(200);
    expect(log.lines.some((line) => line.includes("Unavailable"))).toBe(true);
  });

  test("that come back are used again, by the same web", async () => {
    const { url, voting } = await started();
    await ask(url, "/api/vote?choice=:joy:");
    await voting.stop(0);
    expect((await ask(url, "/api/vote?choice=:joy:")).status).toBe(503);
    const again = await startTestVoting({
      doughnutCounts: true,
      env: { GRPC_PORT: String(voting.grpcPort) },
    });
    closers.push(async () => await again.stop(0));
    await expect
      .poll(async () => (await ask(url, "/api/vote?choice=:doughnut:")).status, { timeout: 5_000 })
      .toBe(200);
  });

  test("of the catalogue are a 503, too", async () => {
    const { url, emoji } = await started();
    await emoji.stop(0);
    for (const target of ["/api/list", "/api/vote?choice=:joy:", "/api/leaderboard"]) {
      expect((await ask(url, target)).status).toBe(503);
    }
    expect((await ask(url, "/api/vote")).status).toBe(400);
  });

  test("that stay silent are a 504", async () => {
    const demo = await started();
    const silent: GrpcChannel = {
      unary: async () => {
        throw await Promise.resolve(new RpcError(rpcCode.deadlineExceeded, "no answer in time"));
      },
      openStream: () => ({
        send: () => undefined,
        end: () => undefined,
        destroy: () => undefined,
      }),
      close: () => undefined,
    };
    const web = createWeb({
      assets: testAssets,
      emoji: createGrpcChannel(`127.0.0.1:${demo.emoji.grpcPort}`),
      voting: [silent],
      log: createKeptLog(),
      deadlineMs: 80,
    });
    const url = `http://127.0.0.1:${await listenOn(web.server, 0, "127.0.0.1")}`;
    closers.push(async () => {
      web.disconnect();
      await new Promise((resolve) => web.server.close(resolve));
    });
    for (const target of ["/api/vote?choice=:joy:", "/api/leaderboard"]) {
      const { status, body } = await ask(url, target);
      expect([status, body]).toEqual([504, '{"error":"The service did not answer in time"}\n']);
    }
  });
});

describe("paths and headers", () => {
  test("the static verifier is saved, never shown from the site that it verifies", async () => {
    const { url } = await started();
    const { status, headers } = await ask(url, "/verify.html");
    expect(status).toBe(200);
    expect(headers["content-disposition"]).toBe('attachment; filename="verify.html"');
    expect((await ask(url, "/index.html")).headers["content-disposition"]).toBeUndefined();
  });

  test.each([
    ["/", 200, "text/html; charset=utf-8", "no-cache"],
    ["/leaderboard", 200, "text/html; charset=utf-8", "no-cache"],
    ["/verify", 200, "text/html; charset=utf-8", "no-cache"],
    ["/?utm=x", 200, "text/html; charset=utf-8", "no-cache"],
    [
      "/assets/index-1a2b.js",
      200,
      "text/javascript; charset=utf-8",
      "public, max-age=31536000, immutable",
    ],
    ["/img/favicon.ico", 200, "image/x-icon", "no-cache"],
    ["/nope", 404, "text/html; charset=utf-8", "no-cache"],
    ["/assets/../index.html", 404, "text/html; charset=utf-8", "no-cache"],
    ["/api/nope", 404, JSON_TYPE, "no-store"],
    ["/api/vote/", 404, JSON_TYPE, "no-store"],
    ["/api", 404, JSON_TYPE, "no-store"],
    ["/api/list", 200, JSON_TYPE, "no-store"],
    ["/api/attestation", 404, JSON_TYPE, "no-store"],
    ["/healthz", 200, "text/plain; charset=UTF-8", "no-store"],
    ["/readyz", 200, "text/plain; charset=UTF-8", "no-store"],
  ])(
    "%s is %i of type %s, kept as %s, under the security headers",
    async (target, status, type, kept) => {
      const { url } = await started();
      const { headers, ...answer } = await ask(url, target);
      expect([answer.status, headers["content-type"], headers["cache-control"]]).toEqual([
        status,
        type,
        kept,
      ]);
      expect(headers).toMatchObject({
        "content-security-policy":
          "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "strict-transport-security": "max-age=604800",
      });
    },
  );

  test("HEAD has the headers of GET and no body", async () => {
    const { url } = await started();
    const { status, headers, body } = await ask(url, "/api/list", { method: "HEAD" });
    expect([status, headers["content-length"], body]).toEqual([200, "4513", ""]);
  });

  test.each(["POST", "DELETE"])("%s on a read is 405", async (method) => {
    const { url } = await started();
    const { status, headers } = await ask(url, "/api/list", { method });
    expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
  });
});

describe("secrecy", () => {
  test("no line of the log names a choice, an address of a client or a request", async () => {
    const { url, log, voting } = await started();
    await ask(url, "/api/vote?choice=:joy:");
    await ask(url, "/api/vote?choice=:doughnut:");
    await ask(url, "/api/vote?choice=:nonsense:");
    await voting.stop(0);
    await ask(url, "/api/vote?choice=:taco:");
    const text = log.lines.join("\n");
    expect(text).not.toMatch(/joy|doughnut|nonsense|taco|api\/vote|127\.0\.0\.1:\d+.*remote/);
  });

  test("all counted votes have answers of one length", async () => {
    const { url } = await started();
    const lengths = new Set<number>();
    for (const choice of [":joy:", ":stuck_out_tongue_winking_eye:", ":100:"]) {
      const { headers } = await ask(url, `/api/vote?choice=${choice}`);
      lengths.add(JSON.stringify({ ...headers, date: "" }).length);
    }
    expect(lengths.size).toBe(1);
  });
});

describe("bad clients", () => {
  test("that break off in the middle of a vote do no harm", async () => {
    const { url, web } = await started();
    const socket = connect(web.port, "127.0.0.1");
    socket.write("POST /api/vote HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nchoice=");
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.destroy();
    expect((await ask(url, "/api/vote?choice=:joy:")).status).toBe(200);
  });
});
