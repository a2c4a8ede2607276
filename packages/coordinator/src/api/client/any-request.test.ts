import { toBase64, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Coordinator } from "../../coordinator.ts";
import { OPENAPI_ROUTE, openApiDocument } from "../../openapi/document.ts";
import { anyManifestNear } from "../../testing/any-manifest.ts";
import { type ClientIdentity, callHttps } from "../../testing/http-client.ts";
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

const RUNS = 300;
const TIMEOUT_MS = 120_000;

let machine: TestMachine;
let running: TestCoordinator;
let clients: readonly (ClientIdentity | undefined)[];
let manifest: Uint8Array;

beforeAll(async () => {
  const [made, ...users] = await Promise.all([
    createTestMachine(),
    createTestUser(),
    createTestUser(),
    createTestUser(),
  ]);
  machine = made;
  const [anna, bert, stranger] = users;
  manifest = manifestOf(anna, bert);
  running = await machine.start({ environment: { CARRARA_ACCEPT_UNATTESTED: "1" } });
  await running.coordinator.setManifest(manifest);
  const { identity, fields } = await prepareMarble("web", undefined);
  const outcome = await callActivate(running.meshPort, identity, fields);
  if (outcome.kind === "refused") throw new TypeError(outcome.message);
  clients = [anna, bert, stranger, undefined, marbleClient(outcome.parameters)];
});

afterAll(async () => await machine.close());

function manifestOf(anna: TestUser | undefined, bert: TestUser | undefined): Uint8Array {
  const Roles = ["all", "raise", "secrets"];
  return testManifest({
    Users: {
      anna: { Certificate: anna?.pem, Roles },
      bert: { Certificate: bert?.pem, Roles },
    },
    Roles: {
      all: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
      raise: { ResourceType: "Packages", ResourceNames: ["p"], Actions: ["UpdateSecurityVersion"] },
      secrets: {
        ResourceType: "Secrets",
        ResourceNames: ["text", "key"],
        Actions: ["ReadSecret", "WriteSecret"],
      },
    },
    Secrets: {
      text: { Type: "plain", UserDefined: true },
      key: { Type: "symmetric-key", Size: 128, UserDefined: true },
    },
    Config: { FeatureGates: ["MonotonicCounter", "SignQuoteEndpoint"] },
  });
}

const nobody = {} as Coordinator;
const ROUTES = [
  OPENAPI_ROUTE,
  ...routesV2(nobody).map((route) => ({ ...route, version: 2 as const })),
  ...routesV1(nobody).map((route) => ({ ...route, version: 1 as const })),
];
const { paths } = openApiDocument(ROUTES, { version: "0" });

/** Bodies as the routes want them, nearly. */
function anyBody(): fc.Arbitrary<string | Uint8Array> {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }).map(toBase64),
    fc.string({ maxLength: 20 }),
    fc.constant(null),
    fc.array(fc.nat(300), { maxLength: 20 }),
  );
  const near = anyManifestNear(manifest);
  const updates = fc.record({ SecurityVersion: fc.oneof(fc.nat(9), fc.jsonValue()) }).map((p) => {
    return utf8(JSON.stringify({ Packages: { p } }));
  });
  const uploads = fc.dictionary(
    fc.constantFrom("text", "key", "no"),
    fc.oneof(
      fc.record({ Key: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toBase64) }),
      fc.record({ Key: bytes, Cert: bytes, Private: bytes }, { requiredKeys: [] }),
    ),
  );
  return fc.oneof(
    near,
    updates,
    fc
      .oneof(near, updates, fc.constant(manifest))
      .map((m) => JSON.stringify({ manifest: toBase64(m) })),
    uploads.map((secrets) => JSON.stringify({ secrets })),
    uploads.map((secrets) => JSON.stringify(secrets)),
    fc
      .record({ recoverySecret: bytes, recoverySecretSignature: bytes, sgxQuote: bytes })
      .map((body) => JSON.stringify(body)),
    fc
      .record({
        name: fc.oneof(fc.string(), fc.jsonValue()),
        value: fc.oneof(fc.nat(), fc.jsonValue()),
      })
      .map((body) => JSON.stringify(body)),
    fc.json(),
    fc.uint8Array({ maxLength: 200 }),
  );
}

/** Everything that requests may change. */
function snapshot({ coordinator }: TestCoordinator): readonly unknown[] {
  const deployment = coordinator.deployment();
  const sealed = [...machine.files].map(([name, bytes]) => `${name} ${toBase64(bytes)}`);
  return [deployment?.fingerprint, coordinator.updateLog(), sealed.sort()];
}

test("any request has a documented answer, and one that is refused changes nothing", {
  timeout: TIMEOUT_MS,
}, async () => {
  const seen = new Map<string, number>();
  const query = fc.oneof(
    fc.constantFrom(
      "",
      "",
      "s=text",
      "s=text&s=key",
      "s=",
      "nonce=AAAA",
      "dryRun=true",
      "dryRun=x",
    ),
    fc.webQueryParameters(),
    fc
      .string({ unit: "binary-ascii", maxLength: 20 })
      .map((text) => encodeURI(text).replaceAll("#", "")),
  );
  const request = fc.record({
    route: fc.constantFrom(...ROUTES),
    method: fc.constantFrom("GET", "POST", "POST", "PUT"),
    body: anyBody(),
    query,
    client: fc.nat(clients.length - 1),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ route, method, body, query: text, client: index }) => {
      const before = snapshot(running);
      const client = clients[index];
      const { path } = route;
      const answer = await callHttps(running.clientPort, {
        method,
        path: text === "" ? path : `${path}?${text}`,
        ...(method === "GET" ? {} : { body }),
        ...(client === undefined ? {} : { client }),
      });
      const operation = paths[path]?.[method.toLowerCase()];
      const known = operation === undefined ? ["405"] : Object.keys(operation.responses);
      expect(known).toContain(String(answer.status));
      const json = JSON.parse(answer.text);
      if (answer.status === 200) return void seen.set(`${method} ${path}`, 200);
      expect(json.code).not.toBe("INTERNAL");
      expect(snapshot(running)).toEqual(before);
      seen.set(json.code, answer.status);
    }),
    { numRuns: RUNS },
  );
  expect(seen.size).toBeGreaterThan(15);
  const after = snapshot(running);
  await running.close();
  running = await machine.start();
  expect(snapshot(running).slice(0, 2)).toEqual(after.slice(0, 2));
});
