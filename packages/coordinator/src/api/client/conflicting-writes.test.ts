import {
  constants,
  createPrivateKey,
  generateKeyPairSync,
  privateDecrypt,
  sign,
} from "node:crypto";
import { toBase64, utf8 } from "@carrara/encoding";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ClientIdentity, callHttps } from "../../testing/http-client.ts";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "../../testing/test-coordinator.ts";
import { testManifest } from "../../testing/test-manifest.ts";
import { callActivate, marbleClient, prepareMarble } from "../../testing/test-marble.ts";
import { createTestUser, type TestUser } from "../../testing/test-user.ts";

const TIMES = 8;
const owner = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ownerPem = owner.publicKey.export({ type: "spki", format: "pem" }).toString();

let machine: TestMachine;
let running: TestCoordinator;
let anna: TestUser;
let bert: TestUser;

beforeAll(async () => {
  [machine, anna, bert] = await Promise.all([
    createTestMachine(),
    createTestUser(),
    createTestUser(),
  ]);
});
beforeEach(async () => {
  machine.files.clear();
  running = await machine.start();
});
afterEach(async () => await running.close());
afterAll(async () => await machine.close());

/** A manifest of which there are many: they differ in `number`. */
function manifest(number = 0): Uint8Array {
  const roles = ["all", "raise", "secrets"];
  return testManifest({
    Marbles: { web: { Package: "p", Parameters: { Argv: [`${number}`] } } },
    Users: {
      anna: { Certificate: anna.pem, Roles: roles },
      bert: { Certificate: bert.pem, Roles: roles },
    },
    Roles: {
      all: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
      raise: { ResourceType: "Packages", ResourceNames: ["p"], Actions: ["UpdateSecurityVersion"] },
      secrets: {
        ResourceType: "Secrets",
        ResourceNames: ["one", "two"],
        Actions: ["ReadSecret", "WriteSecret"],
      },
    },
    Secrets: {
      one: { Type: "plain", UserDefined: true },
      two: { Type: "plain", UserDefined: true },
    },
    RecoveryKeys: { owner: ownerPem },
    Config: { FeatureGates: ["MonotonicCounter"] },
  });
}

async function call(method: string, path: string, body?: unknown, client?: ClientIdentity) {
  const raw = body instanceof Uint8Array || body === undefined ? body : JSON.stringify(body);
  const { status, text } = await callHttps(running.clientPort, {
    method,
    path,
    ...(raw === undefined ? {} : { body: raw }),
    ...(client === undefined ? {} : { client }),
  });
  return { status, json: JSON.parse(text) };
}

const v2 = (path: string, bytes: Uint8Array, client?: ClientIdentity) =>
  call("POST", `/api/v2/${path}`, { manifest: toBase64(bytes) }, client);
const get = async (path: string) => (await call("GET", `/api/v2/${path}`)).json.data;
const numbers = Array.from({ length: TIMES }, (_, i) => i + 1);
const outcomes = (answers: readonly { status: number; json: { code?: string } }[]) =>
  answers.map(({ status, json }) => json.code ?? status).sort();
const others = (code: string | number) => Array<string | number>(TIMES - 1).fill(code);

async function log(): Promise<string[]> {
  const { updateLog } = await get("update");
  return updateLog.map((line: string) => JSON.parse(line).update);
}

test("of several manifests at once, in v1 and v2, one is set, and it is the one that is served", async () => {
  const answers = await Promise.all(
    numbers.map(async (i) =>
      i % 2 === 0
        ? await v2("manifest", manifest(i))
        : await call("POST", "/manifest", manifest(i)),
    ),
  );
  expect(outcomes(answers)).toEqual([200, ...others("STATE_WRONG")]);
  const winner = answers.findIndex(({ status }) => status === 200) + 1;
  expect((await get("manifest")).manifest).toBe(toBase64(manifest(winner)));
  expect(await log()).toEqual(["Initial manifest set"]);
  // What the winner was given opens what was stored.
  const secrets = answers[winner - 1]?.json.data.RecoverySecrets;
  await running.close();
  machine.files.delete("sealed_key");
  running = await machine.start();
  const recovered = await call("POST", "/api/v2/recover", submission(secrets.owner));
  expect(recovered.json.data).toEqual({ remaining: 0, message: "Recovery successful." });
});

function submission(encrypted: string) {
  const key = createPrivateKey(owner.privateKey.export({ type: "pkcs8", format: "pem" }));
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const secret = privateDecrypt(
    { key, padding, oaepHash: "sha256" },
    Buffer.from(encrypted, "base64"),
  );
  return {
    recoverySecret: secret.toString("base64"),
    recoverySecretSignature: sign("sha256", secret, key).toString("base64"),
  };
}

describe("at once under a manifest", () => {
  let recoverySecret: string;

  beforeEach(async () => {
    const { json } = await v2("manifest", manifest());
    recoverySecret = json.data.RecoverySecrets.owner;
  });

  test("of several full updates one is pending, and the others are told so", async () => {
    const answers = await Promise.all(
      numbers.map(async (i) => await v2("update", manifest(i), i % 2 === 0 ? anna : bert)),
    );
    expect(outcomes(answers)).toEqual([200, ...others("UPDATE_PENDING")]);
    const winner = answers.findIndex(({ status }) => status === 200) + 1;
    const pending = await get("update-manifest");
    expect(pending.manifest).toBe(toBase64(manifest(winner)));
    expect(pending.missingUsers).toEqual([winner % 2 === 0 ? "bert" : "anna"]);
    expect(await log()).toHaveLength(2);
  });

  test("package updates never lower a version, and each that was done is in the log", async () => {
    const raise = (SecurityVersion: number) =>
      utf8(JSON.stringify({ Packages: { p: { SecurityVersion } } }));
    const answers = await Promise.all(
      numbers.map(async (i) => await v2("update", raise(3 + i), anna)),
    );
    for (const outcome of outcomes(answers)) expect([200, "UPDATE_DOWNGRADE"]).toContain(outcome);
    const { updateLog } = await get("update");
    const versions = updateLog
      .map((line: string) => JSON.parse(line)["new version"])
      .filter((version: unknown) => version !== undefined);
    expect(versions).toEqual(versions.toSorted((a: number, b: number) => a - b));
    expect(versions).toHaveLength(answers.filter(({ status }) => status === 200).length);
    expect(versions.at(-1)).toBe(3 + TIMES);
  });

  test("secrets of one request stay together", async () => {
    const answers = await Promise.all(
      numbers.map(async (i) => {
        const Key = toBase64(utf8(`value ${i}`));
        const secrets = { one: { Key }, two: { Key } };
        return await call("POST", "/api/v2/secrets", { secrets }, i % 2 === 0 ? anna : bert);
      }),
    );
    expect(outcomes(answers)).toEqual(Array(TIMES).fill(200));
    const { json } = await call("GET", "/api/v2/secrets?s=one&s=two", undefined, anna);
    const { one, two } = json.data.secrets;
    expect(one.Private).toBe(two.Private);
    expect(await log()).toHaveLength(1 + 2 * TIMES);
  });

  test("an acknowledgement and a cancellation: one of them counts", async () => {
    for (let round = 1; round <= 3; round += 1) {
      const next = manifest(round);
      const before = (await log()).length;
      expect((await v2("update", next, anna)).status).toBe(200);
      const answers = await Promise.all([
        v2("update-manifest", next, bert),
        call("POST", "/api/v2/update-cancel", undefined, anna),
      ]);
      const [acknowledged, cancelled] = answers.map(({ status }) => status === 200);
      expect([acknowledged, cancelled].filter(Boolean)).toHaveLength(1);
      const { manifest: set } = await get("manifest");
      expect(set === toBase64(next)).toBe(acknowledged);
      expect((await call("GET", "/api/v2/update-manifest")).status).toBe(404);
      const lines = (await log()).slice(before + 1);
      expect(lines.at(-1)).toBe(
        acknowledged ? "Complete Manifest updated" : "Complete Manifest update cancelled by user",
      );
    }
  });

  test("of several acknowledgements one applies the update, and the others find none", async () => {
    const next = manifest(1);
    await v2("update", next, anna);
    const answers = await Promise.all(
      numbers.map(async () => await v2("update-manifest", next, bert)),
    );
    const applied = answers.filter(({ status }) => status === 200);
    expect(applied.length).toBeGreaterThan(0);
    for (const { status } of answers) expect([200, 404]).toContain(status);
    const lines = (await log()).filter((line) => line === "Complete Manifest updated");
    expect(lines).toHaveLength(1);
  });

  test("of several cancellations one is made", async () => {
    await v2("update", manifest(1), anna);
    const answers = await Promise.all(
      numbers.map(async () => await call("POST", "/update-cancel", undefined, bert)),
    );
    expect(outcomes(answers)).toEqual([200, ...others("NO_UPDATE")]);
  });

  test("calls of a counter are in one order, and none is lost", async () => {
    const { identity, fields } = await prepareMarble("web", machine.teeFor());
    const outcome = await callActivate(running.meshPort, identity, fields);
    if (outcome.kind === "refused") throw new TypeError(outcome.message);
    const client = marbleClient(outcome.parameters);
    const raise = async (value: number) =>
      await call("POST", "/api/v2/monotonic-counter", { name: "c", value }, client);
    const answers = await Promise.all(numbers.map(raise));
    const before = answers.map(({ json }) => json.data.value as number);
    // In the order in which they were made, each saw the largest before it.
    const made = numbers.filter((value, i) => (before[i] ?? 0) < value);
    expect(made).toContain(TIMES);
    expect(new Set(made.map((value) => before[value - 1])).size).toBe(made.length);
    expect((await raise(TIMES)).json.data.value).toBe(TIMES);
  });

  test("a recovery and a new manifest: one of them counts", async () => {
    await running.close();
    machine.files.delete("sealed_key");
    running = await machine.start();
    const recovery = submission(recoverySecret);
    const answers = await Promise.all([
      call("POST", "/api/v2/recover", recovery),
      call("POST", "/api/v2/recover", recovery),
      v2("manifest", manifest(9)),
    ]);
    expect(outcomes(answers)).toEqual([200, "STATE_WRONG", "STATE_WRONG"]);
    const isReset = answers[2].status === 200;
    expect((await get("manifest")).manifest).toBe(toBase64(manifest(isReset ? 9 : 0)));
    const chain = (await get("quote")).cert;
    await running.close();
    running = await machine.start();
    expect((await get("status")).code).toBe(3);
    expect((await get("quote")).cert).toBe(chain);
  });
});
