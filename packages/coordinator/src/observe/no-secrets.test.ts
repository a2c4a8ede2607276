import { constants, generateKeyPairSync, privateDecrypt, randomBytes, sign } from "node:crypto";
import { parsePem, toBase64, utf8 } from "@carrara/encoding";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callHttps, type HttpCall } from "../testing/http-client.ts";
import { callMetrics } from "../testing/metrics-client.ts";
import { type OtlpReceiver, startOtlpReceiver } from "../testing/otlp-receiver.ts";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "../testing/test-coordinator.ts";
import { testManifest } from "../testing/test-manifest.ts";
import { callActivate, prepareMarble } from "../testing/test-marble.ts";
import { createTestUser, type TestUser } from "../testing/test-user.ts";

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };
const COLLECTOR_TOKEN = "collector-token-0123456789";

let machine: TestMachine;
let collector: OtlpReceiver;
let user: TestUser;
/** Every secret value that the history handles, by what it is. */
const secrets = new Map<string, Uint8Array>();
/** Everything that an operator can see. */
let seen = "";

beforeAll(async () => {
  [machine, collector, user] = await Promise.all([
    createTestMachine(),
    startOtlpReceiver(),
    createTestUser(),
  ]);
  await runHistory();
});

afterAll(async () => {
  await machine.close();
  await collector.close();
});

async function start(): Promise<TestCoordinator> {
  return await machine.start({
    environment: {
      EDG_COORDINATOR_PROMETHEUS_ADDR: "127.0.0.1:0",
      EDG_DEBUG_LOGGING: "1",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${COLLECTOR_TOKEN}`,
    },
  });
}

/** Adds what `of` shows to {@link seen} and ends it. */
async function collect(of: TestCoordinator): Promise<void> {
  for (const path of ["/metrics", "/events", "/readyz"]) {
    seen += (await callMetrics(of.metricsPort, path)).text;
  }
  await of.close();
  seen += of.log.records.map((record) => JSON.stringify(record)).join("\n");
}

async function runHistory(): Promise<void> {
  const recovery = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const first = await start();
  const encrypted = await first.coordinator.setManifest(
    testManifest({
      Marbles: {
        web: {
          Package: "p",
          MaxActivations: 9,
          Parameters: { Env: { KEY: "{{ hex .Secrets.shared }}", OWN: "{{ hex .Secrets.own }}" } },
        },
      },
      Users: { alice: { Certificate: user.pem, Roles: ["reader", "writer"] } },
      Roles: {
        reader: { ResourceType: "Secrets", ResourceNames: ["shared"], Actions: ["ReadSecret"] },
        writer: {
          ResourceType: "Secrets",
          ResourceNames: ["text", "upload"],
          Actions: ["WriteSecret"],
        },
      },
      Secrets: {
        shared: { Type: "symmetric-key", Size: 256, Shared: true },
        own: { Type: "symmetric-key", Size: 256 },
        text: { Type: "plain", UserDefined: true },
        upload: { Type: "symmetric-key", Size: 256, UserDefined: true },
      },
      RecoveryKeys: { anna: recovery.publicKey.export({ type: "spki", format: "pem" }) },
    }),
  );
  const recoverySecret = privateDecrypt(
    { key: recovery.privateKey, ...OAEP },
    encrypted.get("anna") ?? new Uint8Array(),
  );
  secrets.set("the recovery secret", recoverySecret);
  await writeAndRead(first);
  await activate(first);
  await wrongInputs(first, recoverySecret);
  await collect(first);

  machine.files.delete("sealed_key");
  const second = await start();
  const submit = async (signature: Uint8Array) => {
    const body = JSON.stringify({
      recoverySecret: toBase64(recoverySecret),
      recoverySecretSignature: toBase64(signature),
    });
    return (await callHttps(second.clientPort, { path: "/api/v2/recover", body })).status;
  };
  expect(await submit(new Uint8Array(256))).not.toBe(200);
  expect(await submit(sign("sha256", recoverySecret, recovery.privateKey))).toBe(200);
  await activate(second);
  await collect(second);
  seen += collector.spans.map((span) => JSON.stringify(span)).join("\n");
}

async function writeAndRead(to: TestCoordinator): Promise<void> {
  const text = utf8(`plain ${randomBytes(12).toString("hex")}`);
  const upload = new Uint8Array(randomBytes(32));
  secrets.set("a plain secret", text).set("an uploaded key", upload);
  const body = JSON.stringify({
    secrets: { text: { Key: toBase64(text) }, upload: { Key: toBase64(upload) } },
  });
  await call(to, { path: "/api/v2/secrets", body, client: user }, 200);
  const read = await call(to, { path: "/api/v2/secrets?s=shared", client: user }, 200);
  const { Private } = JSON.parse(read).data.secrets.shared;
  secrets.set("a generated key", new Uint8Array(Buffer.from(Private, "base64")));
  secrets.set("the user's key", user.pkcs8);
}

async function activate(to: TestCoordinator): Promise<void> {
  const { identity, fields } = await prepareMarble("web", machine.teeFor());
  secrets.set("the marble's first key", identity.pkcs8);
  const outcome = await callActivate(to.meshPort, identity, fields);
  if (outcome.kind === "refused") throw new TypeError(outcome.message);
  const { Env } = outcome.parameters;
  const textOf = (name: string) => new TextDecoder().decode(Env[name]);
  const key = parsePem(textOf("MARBLE_PREDEFINED_PRIVATE_KEY"))[0]?.bytes;
  secrets.set("the marble's mesh key", key ?? new Uint8Array());
  secrets.set("the marble's own secret", new Uint8Array(Buffer.from(textOf("OWN"), "hex")));
}

/** Secrets where they do not belong, and broken around them. */
async function wrongInputs(to: TestCoordinator, recoverySecret: Uint8Array): Promise<void> {
  const misplaced = new Uint8Array(randomBytes(32));
  secrets.set("a misplaced secret", misplaced);
  const value = toBase64(misplaced);
  const upload = (secret: unknown) => ({
    path: "/api/v2/secrets",
    client: user,
    body: JSON.stringify({ secrets: { upload: secret } }),
  });
  await call(to, upload({ Key: `${value}!` }), 400);
  await call(to, upload({ Key: toBase64(misplaced.subarray(1)) }), 500);
  await call(to, upload({ Private: value }), 500);
  await call(to, upload(value), 400);
  await call(to, { ...upload({ Key: value }), path: "/secrets" }, 400);
  await call(to, { path: "/api/v2/secrets", client: user, body: `{"secrets":{"${value}` }, 400);
  await call(to, { path: "/api/v2/secrets", body: `{"secrets":{"x":{"Key":"${value}"}}}` }, 401);
  await call(to, { path: "/api/v2/manifest", body: value }, 400);
  await call(to, { path: "/manifest", body: `{"Secrets":{"x":"${value}"}}` }, 400);
  await call(to, { path: `/api/v2/${value}`, body: value }, 405);
  const recover = { path: "/api/v2/recover", body: `{"recoverySecret":"${value}"}` };
  await call(to, recover, 500);
  await call(to, { ...recover, body: toBase64(recoverySecret) }, 400);
  await call(to, { ...recover, path: "/recover" }, 410);
}

async function call(to: TestCoordinator, request: HttpCall, status: number): Promise<string> {
  const answer = await callHttps(to.clientPort, request);
  expect(answer.status, answer.text).toBe(status);
  return answer.text;
}

/** The forms in which bytes could be shown. */
function formsOf(bytes: Uint8Array): readonly string[] {
  const buffer = Buffer.from(bytes);
  // Less padding, and without the first bytes, which a key shares with all of its kind.
  const inner = buffer.subarray(buffer.length > 64 ? 36 : 0);
  return [
    inner.toString("hex"),
    buffer.toString("base64").slice(0, -4),
    buffer.toString("base64url").slice(0, -4),
    buffer.toString("latin1"),
    JSON.stringify(buffer).slice(25, -2),
  ];
}

test("the history was seen: the log, the metrics, the events and the traces have it", () => {
  for (const trace of [
    "secrets set",
    "secrets read",
    "marble activated",
    "state recovered",
    "coordinator_marble_activations_total",
    '"marbleType":"web"',
    '"name":"activate"',
    '"name":"recover"',
    "request refused",
  ]) {
    expect(seen).toContain(trace);
  }
  expect(secrets.size).toBeGreaterThanOrEqual(8);
});

test("no secret value is in a log, a metric, an event or a trace, in any form", () => {
  for (const [what, bytes] of secrets) {
    expect(bytes.length, what).toBeGreaterThan(12);
    const found = formsOf(bytes).filter((form) => seen.includes(form));
    expect(found, what).toEqual([]);
  }
  expect(seen).not.toContain(COLLECTOR_TOKEN);
  expect(seen).not.toContain("PRIVATE KEY");
});
