import { connect, type TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import { toBase64, utf8 } from "@carrara/encoding";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Coordinator } from "../../coordinator.ts";
import { OPENAPI_ROUTE, openApiDocument, type ServedRoute } from "../../openapi/document.ts";
import { createExpiredUser } from "../../testing/expired-user.ts";
import { callHttps, type HttpCall } from "../../testing/http-client.ts";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "../../testing/test-coordinator.ts";
import { testManifest } from "../../testing/test-manifest.ts";
import { callActivate, marbleClient, prepareMarble } from "../../testing/test-marble.ts";
import { createTestUser, type TestUser } from "../../testing/test-user.ts";
import { routesV1 } from "./routes-v1.ts";
import { routesV2 } from "./routes-v2.ts";

let machine: TestMachine;
let running: TestCoordinator;
let anna: TestUser;
let expired: TestUser;
let stranger: TestUser;

beforeAll(async () => {
  [machine, anna, expired, stranger] = await Promise.all([
    createTestMachine(),
    createTestUser(),
    createExpiredUser(),
    createTestUser(),
  ]);
  running = await machine.start();
  const roles = ["update", "secrets"];
  await running.coordinator.setManifest(
    testManifest({
      Users: {
        anna: { Certificate: anna.pem, Roles: roles },
        expired: { Certificate: expired.pem, Roles: roles },
      },
      Secrets: { text: { Type: "plain", UserDefined: true } },
      Roles: {
        update: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
        secrets: {
          ResourceType: "Secrets",
          ResourceNames: ["text"],
          Actions: ["ReadSecret", "WriteSecret"],
        },
      },
      Config: { FeatureGates: ["MonotonicCounter", "SignQuoteEndpoint"] },
    }),
  );
});

afterAll(async () => await machine.close());

/** Only their descriptions are used. */
const nobody = {} as Coordinator;
/** The routes as they are registered: a new one is under test here from its first day. */
const ROUTES: readonly ServedRoute[] = [
  OPENAPI_ROUTE,
  ...routesV2(nobody).map((route) => ({ ...route, version: 2 as const })),
  ...routesV1(nobody).map((route) => ({ ...route, version: 1 as const })),
];
const POSTS = ROUTES.filter(({ method }) => method === "POST");
const PATHS = [...new Set(ROUTES.map(({ path }) => path))];
const document = openApiDocument(ROUTES, { version: "0" });

function documented(method: string, path: string) {
  const operation = document.paths[path]?.[method.toLowerCase()];
  if (operation === undefined) throw new TypeError(`${method} ${path} is not documented`);
  const [security] = operation["security"] as readonly Readonly<Record<string, unknown>>[];
  return { statuses: Object.keys(operation.responses), security: Object.keys(security ?? {})[0] };
}

async function call(request: HttpCall, client: TestUser = anna) {
  const { status, headers, text } = await callHttps(running.clientPort, { ...request, client });
  return { status, headers, text, json: text === "" ? undefined : JSON.parse(text) };
}

/** What requests could change. */
async function snapshot() {
  const paths = ["status", "manifest", "update", "quote", "secrets?s=text"];
  const answers = await Promise.all(
    paths.map(async (path) => (await call({ path: `/api/v2/${path}` })).text),
  );
  const pending = await call({ path: "/api/v2/update-manifest" });
  return [...answers, pending.status];
}

describe("every route", () => {
  const methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND"];

  test.each(PATHS)("answers 405 to the methods that %s has not", async (path) => {
    const own = ROUTES.filter((route) => route.path === path).map(({ method }) => String(method));
    for (const method of methods.filter((each) => !own.includes(each))) {
      const { status, headers, text } = await call({ method, path });
      expect([method, status]).toEqual([method, 405]);
      expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
      if (method !== "HEAD") expect(text).toBe('{"status":"error","data":null}\n');
    }
  });

  test.each(PATHS)("is not served beside %s", async (path) => {
    for (const near of [`${path}/`, `${path}x`, `/${path}`, path.toUpperCase(), `${path}%00`]) {
      expect([near, (await call({ path: near })).status]).toEqual([near, 405]);
    }
  });

  test.each(ROUTES)("names the request, also when it refuses: $method $path", async (route) => {
    const { headers } = await call({ method: route.method, path: route.path }, stranger);
    expect(headers["carrara-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("every route with a body", () => {
  const BAD: readonly (readonly [
    string,
    string | Uint8Array,
    Readonly<Record<string, string>>?,
  ])[] = [
    ["nothing", ""],
    ["no JSON", "{"],
    ["another JSON type", "[]"],
    ["a number", "1"],
    ["bytes that are no UTF-8", new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])],
    ["a byte order mark", `\ufeff{"manifest":"e30="}`],
    ["UTF-16", Buffer.from('{"manifest":"e30="}', "utf16le")],
    ["gzip", gzipSync('{"manifest":"e30="}'), { "content-encoding": "gzip" }],
    ["NUL bytes", new Uint8Array(100)],
    ["ten thousand brackets", "[".repeat(10_000)],
    [
      "fields of other types",
      '{"manifest":{},"secrets":7,"recoverySecret":[],"sgxQuote":true,"name":[]}',
    ],
    [
      "base64 that is none",
      '{"manifest":"*","recoverySecret":"*","sgxQuote":"*","name":"a","value":"x"}',
    ],
  ];

  test.each(POSTS)(
    "$path refuses bad ones as documented, and changes nothing",
    async ({ path }) => {
      const before = await snapshot();
      for (const [what, body, headers = {}] of BAD) {
        const { status, json } = await call({ method: "POST", path, body, headers });
        expect(documented("POST", path).statuses, what).toContain(String(status));
        expect(status, what).toBeGreaterThanOrEqual(400);
        expect(json.code, what).toMatch(/^[A-Z][A-Z0-9_]+$/);
        expect(json.code, what).not.toBe("INTERNAL");
      }
      expect(await snapshot()).toEqual(before);
    },
  );

  test.each(POSTS)("$path does not look at the content type", async ({ path }) => {
    const types = [
      "application/json",
      "text/plain",
      "multipart/form-data; boundary=x",
      "nonsense//;",
      "",
    ];
    const answers = await Promise.all(
      types.map(async (type) => {
        const headers: Record<string, string> = type === "" ? {} : { "content-type": type };
        const { status, json } = await call({ method: "POST", path, body: "{", headers });
        return [status, json];
      }),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  test.each(POSTS)("$path reads $maxBodyBytes bytes and not one more", async (route) => {
    const { path, maxBodyBytes } = route;
    const fits = await call({ method: "POST", path, body: new Uint8Array(maxBodyBytes).fill(32) });
    expect(fits.status).not.toBe(413);
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
    const declared = `${head}Content-Length: ${maxBodyBytes + 1}\r\n\r\n`;
    const size = (maxBodyBytes + 1).toString(16);
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n${size}\r\n${" ".repeat(maxBodyBytes + 1)}`;
    for (const text of [declared, chunked]) {
      const answer = await rawAnswer(text);
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer).toContain("REQUEST_TOO_LARGE");
    }
  });

  async function rawAnswer(text: string): Promise<string> {
    const options = { port: running.clientPort, host: "127.0.0.1", rejectUnauthorized: false };
    const socket: TLSSocket = connect(options);
    let answer = "";
    socket.on("data", (chunk) => {
      answer += String(chunk);
    });
    socket.write(text);
    await new Promise((resolve) => socket.on("close", resolve).on("error", () => undefined));
    return answer;
  }
});

describe("every route of users", () => {
  const ofUsers = ROUTES.filter(
    ({ method, path }) => documented(method, path).security === "userCertificate",
  );
  const request = ({ method, path }: (typeof ROUTES)[number]): HttpCall =>
    method === "GET" ? { path: `${path}?s=text` } : { method, path, body: "{" };

  test("is one that changes something, or shows secrets", () => {
    expect(ofUsers.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      ["", "/api/v2"]
        .flatMap((prefix) => [
          ...["GET", "POST"].map((method) => `${method} ${prefix}/secrets`),
          ...["update", "update-cancel", "update-manifest"].map((name) => `POST ${prefix}/${name}`),
        ])
        .sort(),
    );
  });

  test.each(ofUsers)("refuses the unknown before it reads: $method $path", async (route) => {
    const version = route.path.startsWith("/api/v2") ? "fail" : "error";
    for (const client of [stranger, undefined]) {
      const { status, text } = await callHttps(running.clientPort, {
        ...request(route),
        ...(client && { client }),
      });
      expect(status).toBe(401);
      expect(JSON.parse(text)).toMatchObject({
        status: version,
        code: "USER_UNAUTHORIZED",
        message: expect.stringMatching(/^unauthorized user: /),
      });
    }
  });

  // As in MarbleRun, a user is a certificate by its bytes: the manifest says until when, not its dates.
  test.each(ofUsers)("knows a user whose certificate has expired: $method $path", async (route) => {
    const ours = await call(request(route), anna);
    const theirs = await call(request(route), expired);
    expect([theirs.status, theirs.json]).toEqual([ours.status, ours.json]);
    expect(theirs.status).not.toBe(401);
  });
});

test("an expired user writes a secret", async () => {
  const body = JSON.stringify({ secrets: { text: { Key: toBase64(utf8("late")) } } });
  const answer = await call({ path: "/api/v2/secrets", body }, expired);
  expect(answer.status).toBe(200);
});

test("a marble whose certificate has expired is refused where marbles are asked for", async () => {
  const at = { now: new Date() };
  const later = await createTestMachine();
  const accepts = { CARRARA_ACCEPT_UNATTESTED: "1" };
  const coordinator = await later.start({ environment: accepts, clock: () => at.now });
  await coordinator.coordinator.setManifest(
    testManifest({ Config: { FeatureGates: ["MonotonicCounter"] } }),
  );
  const { identity, fields } = await prepareMarble("web", undefined);
  const outcome = await callActivate(coordinator.meshPort, identity, fields);
  if (outcome.kind === "refused") throw new TypeError(outcome.message);
  const client = marbleClient(outcome.parameters);
  const body = '{"name":"c","value":1}';
  const raise = async () =>
    await callHttps(coordinator.clientPort, { path: "/api/v2/monotonic-counter", body, client });
  expect((await raise()).status).toBe(200);
  // Leaves last 292 years.
  at.now = new Date("2400-01-01T00:00:00Z");
  const refused = await raise();
  await later.close();
  expect(refused.status).toBe(401);
  expect(JSON.parse(refused.text)).toMatchObject({
    status: "fail",
    code: "MARBLE_UNAUTHORIZED",
    message: "unauthorized marble: certificate is not valid now",
  });
});
