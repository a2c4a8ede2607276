import { constants, generateKeyPairSync, privateDecrypt, sign } from "node:crypto";
import { parsePem, toBase64, utf8 } from "@carrara/encoding";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mismatches } from "../testing/check-schema.ts";
import { callHttps, type HttpAnswer, type HttpCall } from "../testing/http-client.ts";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "../testing/test-coordinator.ts";
import { testManifest } from "../testing/test-manifest.ts";
import { callActivate, prepareMarble } from "../testing/test-marble.ts";
import { createTestUser, type TestUser } from "../testing/test-user.ts";
import type { OpenApiDocument } from "./document.ts";
import { openApiDocument } from "./document.ts";

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };

let machines: readonly TestMachine[];
let fresh: TestCoordinator;
let running: TestCoordinator;
let alice: TestUser;
let bob: TestUser;
let document: OpenApiDocument;
let updated: string;
const recovery = generateKeyPairSync("rsa", { modulusLength: 2048 });
/** What was validated: operation and status. */
const validated = new Set<string>();

function sections(packageVersion: number) {
  const recoveryKey = recovery.publicKey.export({ type: "spki", format: "pem" });
  return testManifest({
    Marbles: {
      web: { Package: "p", Parameters: { Env: { X: `version ${packageVersion}` } } },
    },
    Users: Object.fromEntries(
      Object.entries({ alice, bob }).map(([name, { pem }]) => [
        name,
        { Certificate: pem, Roles: ["reader", "writer", "updater"] },
      ]),
    ),
    Roles: {
      reader: { ResourceType: "Secrets", ResourceNames: ["cert", "key"], Actions: ["ReadSecret"] },
      writer: { ResourceType: "Secrets", ResourceNames: ["key"], Actions: ["WriteSecret"] },
      updater: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
    },
    Secrets: {
      key: { Type: "symmetric-key", Size: 128, UserDefined: true },
      cert: { Type: "cert-ecdsa", Size: 256, Shared: true, ValidFor: 7 },
    },
    RecoveryKeys: { anna: recoveryKey },
    Config: { FeatureGates: ["MonotonicCounter", "SignQuoteEndpoint"] },
  });
}

beforeAll(async () => {
  machines = await Promise.all([createTestMachine(), createTestMachine()]);
  [alice, bob] = await Promise.all([createTestUser(), createTestUser()]);
  const started = await Promise.all(machines.map(async (machine) => await machine.start()));
  [fresh, running] = started as [TestCoordinator, TestCoordinator]; // two machines
  updated = toBase64(sections(2));
  document = JSON.parse((await callHttps(fresh.clientPort, { path: "/api/v2/openapi.json" })).text);
});

afterAll(async () => {
  await Promise.all(machines.map(async (machine) => await machine.close()));
});

/** Calls a route and holds its answer against the document. */
async function checked(to: TestCoordinator, call: HttpCall, status: number): Promise<HttpAnswer> {
  const answer = await callHttps(to.clientPort, call);
  const method = (call.method ?? (call.body === undefined ? "GET" : "POST")).toLowerCase();
  const path = call.path.split("?")[0] ?? "";
  expect(answer.status, `${method} ${path}: ${answer.text}`).toBe(status);
  const response = document.paths[path]?.[method]?.responses[String(status)];
  const schema = response?.content[String(answer.headers["content-type"])]?.schema;
  if (schema === undefined) throw new TypeError(`${method} ${path} ${status} is not described`);
  const wrong = mismatches(JSON.parse(answer.text), schema, document.components.schemas);
  expect(wrong, `${method} ${path} ${status}`).toEqual([]);
  validated.add(`${method} ${path} ${status}`);
  return answer;
}

const json = (value: unknown) => JSON.stringify(value);
const v2 = (path: string, more: Omit<HttpCall, "path"> = {}): HttpCall => ({
  path: `/api/v2/${path}`,
  ...more,
});

describe("real answers fit the document", () => {
  test("before a manifest", async () => {
    await checked(fresh, v2("openapi.json"), 200);
    await checked(fresh, v2("status"), 200);
    await checked(fresh, { path: "/status" }, 200);
    await checked(fresh, v2("manifest"), 500);
    await checked(fresh, { path: "/manifest" }, 200);
    await checked(fresh, v2("update"), 500);
    await checked(fresh, { path: "/update" }, 500);
    await checked(fresh, v2("update-manifest"), 404);
    await checked(fresh, { path: "/update-manifest" }, 404);
    await checked(fresh, v2("recover/public-key"), 500);
    await checked(fresh, v2("recover", { body: "{}" }), 500);
    await checked(fresh, v2("sign-quote", { body: "{}" }), 403);
    await checked(fresh, v2("monotonic-counter", { body: "{}" }), 403);
    for (const path of ["secrets?s=x", "/secrets?s=x"]) {
      const call = path.startsWith("/") ? { path } : v2(path);
      await checked(fresh, call, 401);
    }
  });

  test("of a manifest, quotes and secrets", async () => {
    const manifest = toBase64(sections(1));
    await checked(running, v2("manifest", { body: "{" }), 400);
    await checked(running, v2("manifest", { body: '{"manifest":""}' }), 500);
    await checked(running, { path: "/manifest", body: "{" }, 400);
    await checked(running, v2("manifest", { body: json({ manifest }) }), 200);
    await checked(running, { path: "/manifest", body: "{}" }, 400);
    await checked(running, v2("manifest"), 200);
    await checked(running, { path: "/manifest" }, 200);
    await checked(running, v2("quote"), 200);
    await checked(running, v2("quote?nonce=AAAA"), 200);
    await checked(running, v2("quote?nonce=!"), 400);
    await checked(running, { path: "/quote" }, 200);
    await checked(running, v2("collateral"), 200);
    const client = alice;
    const upload = json({ secrets: { key: { Key: toBase64(new Uint8Array(16)) } } });
    await checked(running, v2("secrets", { client, body: upload }), 200);
    await checked(running, v2("secrets", { client, body: "{" }), 400);
    await checked(running, v2("secrets", { body: upload }), 401);
    await checked(running, v2("secrets", { client, body: '{"secrets":{"cert":{}}}' }), 500);
    const old = json({ key: { Key: toBase64(new Uint8Array(16)) } });
    await checked(running, { path: "/secrets", client, body: old }, 200);
    await checked(running, { path: "/secrets", client, body: "{" }, 400);
    await checked(running, { path: "/secrets", body: old }, 401);
    await checked(running, v2("secrets?s=key&s=cert", { client }), 200);
    await checked(running, v2("secrets", { client }), 400);
    await checked(running, v2("secrets?s=none", { client }), 500);
    await checked(running, { path: "/secrets?s=key", client }, 200);
    await checked(running, { path: "/secrets", client }, 400);
  });

  test("of updates", async () => {
    const body = json({ manifest: updated });
    await checked(running, v2("update", { client: alice, body: "{" }), 400);
    await checked(running, v2("update", { body }), 401);
    await checked(running, v2("update", { client: alice, body: '{"manifest":""}' }), 500);
    await checked(running, v2("update?dryRun=true", { client: alice, body }), 200);
    await checked(running, v2("update", { client: alice, body }), 200);
    await checked(running, v2("update-manifest"), 200);
    await checked(running, { path: "/update-manifest" }, 200);
    await checked(running, v2("update-manifest", { client: bob, body: "{" }), 400);
    await checked(running, v2("update-manifest", { body }), 401);
    await checked(running, v2("update-cancel", { body: "" }), 401);
    await checked(running, { path: "/update-cancel", body: "" }, 401);
    await checked(running, v2("update-cancel", { client: alice, body: "" }), 200);
    await checked(running, v2("update-cancel", { client: alice, body: "" }), 404);
    await checked(running, { path: "/update-cancel", client: alice, body: "" }, 404);
    await checked(running, v2("update-manifest", { client: bob, body }), 404);
    const raw = Buffer.from(updated, "base64");
    await checked(running, { path: "/update", client: alice, body: "{" }, 400);
    await checked(running, { path: "/update", body: raw }, 401);
    await checked(running, { path: "/update", client: alice, body: raw }, 200);
    await checked(running, { path: "/update-cancel", client: alice, body: "" }, 200);
    await checked(running, { path: "/update", client: alice, body: raw }, 200);
    await checked(running, { path: "/update-manifest", body: raw }, 401);
    await checked(running, { path: "/update-manifest", client: bob, body: raw }, 200);
    await checked(running, { path: "/update-manifest", client: bob, body: raw }, 404);
    const back = json({ manifest: toBase64(sections(3)) });
    await checked(running, v2("update", { client: alice, body: back }), 200);
    await checked(running, v2("update-manifest", { client: bob, body: back }), 200);
    await checked(running, v2("update"), 200);
    await checked(running, { path: "/update" }, 200);
  });

  test("of signed quotes and counters", async () => {
    const [, machine] = machines;
    const evidence = await machine?.teeFor().getEvidence(new Uint8Array(32));
    const sgxQuote = toBase64(evidence ?? new Uint8Array());
    await checked(running, v2("sign-quote", { body: json({ sgxQuote }) }), 200);
    await checked(running, v2("sign-quote", { body: '{"sgxQuote":"AAAA"}' }), 400);
    const { identity, fields } = await prepareMarble("web", machine?.teeFor());
    const outcome = await callActivate(running.meshPort, identity, fields);
    if (outcome.kind === "refused") throw new TypeError(outcome.message);
    const block = (name: string) =>
      parsePem(new TextDecoder().decode(outcome.parameters.Env[name]))[0]?.bytes ??
      new Uint8Array();
    const client = {
      certificate: block("MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"),
      pkcs8: block("MARBLE_PREDEFINED_PRIVATE_KEY"),
    };
    await checked(
      running,
      v2("monotonic-counter", { client, body: '{"name":"n","value":1}' }),
      200,
    );
    await checked(running, v2("monotonic-counter", { client, body: "{" }), 400);
    await checked(running, v2("monotonic-counter", { body: '{"name":"n","value":1}' }), 401);
  });

  test("of recovery, and of a body that is too large", async () => {
    await checked(running, { path: "/recover", body: "" }, 410);
    const large = "x".repeat(21_000);
    await checked(running, v2("recover", { body: large }), 413);
    await checked(running, { path: "/recover", body: large }, 413);
    const [machine] = machines;
    const secrets = await fresh.coordinator.setManifest(sections(1));
    const secret = privateDecrypt(
      { key: recovery.privateKey, ...OAEP },
      secrets.get("anna") ?? new Uint8Array(),
    );
    await fresh.close();
    machine?.files.delete("sealed_key");
    const locked = await machine?.start();
    if (locked === undefined) throw new TypeError("no machine");
    await checked(locked, v2("status"), 200);
    await checked(locked, v2("recover/public-key"), 200);
    await checked(locked, v2("recover", { body: "{" }), 400);
    const body = json({
      recoverySecret: toBase64(secret),
      recoverySecretSignature: toBase64(sign("sha256", secret, recovery.privateKey)),
    });
    await checked(locked, v2("recover", { body }), 200);
  });

  test("and every success that the document has was seen", () => {
    const successes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, { responses }]) => "200" in responses)
        .map(([method]) => `${method} ${path} 200`),
    );
    // A manifest is set once; v1 sets it as v2 does.
    const unseen = successes.filter((each) => !validated.has(each));
    expect(unseen).toEqual(["post /manifest 200"]);
  });
});

describe("the document", () => {
  test("has the routes that are served, each with its limit, and no other", async () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of ["get", "post"]) {
        const { status } = await callHttps(running.clientPort, {
          path,
          method: method.toUpperCase(),
        });
        expect(status === 405, `${method} ${path}`).toBe(!(method in methods));
      }
    }
  });

  test("cannot be made of a route without description, or the other way round", () => {
    const served = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({
        method: method === "get" ? ("GET" as const) : ("POST" as const),
        path,
        version: 2 as const,
        maxBodyBytes: 0,
      })),
    );
    const build = { version: "1.2.3" };
    expect(openApiDocument(served, build).info).toMatchObject({ version: "1.2.3" });
    expect(() => openApiDocument(served.slice(1), build)).toThrow(/described and not served/);
    const more = { method: "GET", path: "/more", version: 2, maxBodyBytes: 0 } as const;
    expect(() => openApiDocument([...served, more], build)).toThrow(/served and not described/);
  });

  test("names each operation once, and the certificate that it needs", () => {
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(document.paths["/api/v2/secrets"]?.["get"]).toMatchObject({
      security: [{ userCertificate: [] }],
    });
    expect(document.paths["/status"]?.["get"]).toMatchObject({ deprecated: true, security: [] });
  });
});

test("the check of answers is no formality", () => {
  const { schemas } = document.components;
  const secret = schemas["Secret"] ?? {};
  const good = {
    Type: "plain",
    Size: 0,
    Shared: false,
    UserDefined: true,
    Cert: null,
    ValidFor: 0,
    Private: toBase64(utf8("x")),
    Public: null,
  };
  expect(mismatches(good, secret, schemas)).toEqual([]);
  for (const [change, reason] of [
    [{ Type: "other" }, /not listed/],
    [{ Size: -1 }, /below 0/],
    [{ Size: 1.5 }, /no integer/],
    [{ Cert: "!" }, /no base64/],
    [{ Cert: 1 }, /no string,null/],
    [{ More: 1 }, /not described/],
  ] as const) {
    expect(mismatches({ ...good, ...change }, secret, schemas)).toEqual([
      expect.stringMatching(reason),
    ]);
  }
  expect(mismatches({ status: "error" }, schemas["Error"] ?? {}, schemas)).toEqual(["$: no data"]);
  expect(() => mismatches(1, JSON.parse('{"not":{}}'), schemas)).toThrow(TypeError);
});
