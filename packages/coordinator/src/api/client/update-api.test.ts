import {
  constants,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  sign,
  X509Certificate,
} from "node:crypto";
import { connect } from "node:tls";
import { parsePem, toBase64, utf8 } from "@carrara/encoding";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { callHttps, type HttpCall } from "../../testing/http-client.ts";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "../../testing/test-coordinator.ts";
import { testManifest } from "../../testing/test-manifest.ts";
import { callActivate, prepareMarble } from "../../testing/test-marble.ts";
import { createTestUser, type TestUser } from "../../testing/test-user.ts";

const PENDING_ONE = "1 user still needs to acknowledge the update manifest";
const DONE = "All users have acknowledged the update manifest. Update successfully applied";

let anna: TestUser;
let bert: TestUser;
let reader: TestUser;
let stranger: TestUser;
let owner: { readonly key: KeyObject; readonly pem: string };
let sections: Readonly<Record<string, unknown>>;
let machine: TestMachine;
let running: TestCoordinator;

const pkg = JSON.parse(new TextDecoder().decode(testManifest())).Packages.p;

beforeAll(async () => {
  machine = await createTestMachine();
  anna = await createTestUser();
  bert = await createTestUser();
  reader = await createTestUser();
  stranger = await createTestUser();
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  owner = { key: privateKey, pem: publicKey.export({ type: "spki", format: "pem" }).toString() };
  sections = {
    Marbles: {
      web: {
        Package: "p",
        MaxActivations: 3,
        Parameters: { Env: { X: "{{ hex .Secrets.own }}" } },
      },
      old: { Package: "p" },
    },
    Users: {
      anna: { Certificate: anna.pem, Roles: ["all", "raise"] },
      bert: { Certificate: bert.pem, Roles: ["all"] },
      reader: { Certificate: reader.pem, Roles: ["read"] },
    },
    Roles: {
      all: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
      raise: { ResourceType: "Packages", ResourceNames: ["p"], Actions: ["UpdateSecurityVersion"] },
      read: {
        ResourceType: "Secrets",
        ResourceNames: ["shared", "text"],
        Actions: ["ReadSecret"],
      },
    },
    Secrets: {
      shared: { Type: "cert-ecdsa", Size: 256, Shared: true },
      text: { Type: "plain", UserDefined: true },
      own: { Type: "symmetric-key", Size: 128 },
    },
  };
});

beforeEach(async () => {
  machine.files.clear();
  running = await machine.start();
  await running.coordinator.setManifest(testManifest(sections));
});

afterEach(async () => await running.close());
afterAll(async () => await machine.close());

async function call(request: HttpCall) {
  const { status, text } = await callHttps(running.clientPort, request);
  return { status, json: JSON.parse(text) };
}

const v2 = (path: string, client: TestUser, manifest: Uint8Array): HttpCall => ({
  path: `/api/v2/${path}`,
  body: JSON.stringify({ manifest: toBase64(manifest) }),
  client,
});
const v1 = (path: string, client: TestUser, body: string | Uint8Array): HttpCall => ({
  method: "POST",
  path: `/${path}`,
  body,
  client,
});
const next = (changed: object = {}) =>
  testManifest({ ...sections, Packages: { p: { ...pkg, Debug: false } }, ...changed });
const raise = (SecurityVersion: number) =>
  utf8(JSON.stringify({ Packages: { p: { SecurityVersion } }, Marbles: null, Config: {} }));
const fingerprint = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function chain() {
  const { json } = await call({ path: "/api/v2/quote" });
  const [intermediate, root] = parsePem(json.data.cert).map(({ bytes }) => toBase64(bytes));
  return { intermediate, root };
}

async function logged(): Promise<string[]> {
  const { json } = await call({ path: "/api/v2/update" });
  return json.data.updateLog.map((line: string) => JSON.parse(line).update);
}

async function activate(type: string, version?: number) {
  const identity = version === undefined ? {} : { isvSvn: version };
  const { identity: key, fields } = await prepareMarble(type, machine.teeFor(identity));
  return await callActivate(running.meshPort, key, fields);
}

/** The certificate that the mesh port presents now. */
async function meshCertificate(): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(
      { host: "127.0.0.1", port: running.meshPort, rejectUnauthorized: false },
      () => {
        resolve(toBase64(socket.getPeerCertificate().raw));
        socket.destroy();
      },
    );
    socket.on("error", (error) => (socket.destroyed ? undefined : reject(error)));
  });
}

describe("a package update", () => {
  test("blocks older marbles, and leaves the manifest as it was set", async () => {
    const before = await call({ path: "/api/v2/manifest" });
    expect((await activate("web")).kind).toBe("accepted");
    const answer = await call(v2("update", anna, raise(4)));
    expect(answer).toEqual({
      status: 200,
      json: { status: "success", data: { missingAcknowledgments: 0, missingUsers: null } },
    });
    expect(await activate("web")).toMatchObject({ code: "PACKAGE_SECURITY_VERSION" });
    expect((await activate("web", 4)).kind).toBe("accepted");
    expect(await call({ path: "/api/v2/manifest" })).toEqual(before);
    const { json } = await call({ path: "/api/v2/update" });
    expect(JSON.parse(json.data.updateLog[1])).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      update: "SecurityVersion increased",
      user: "anna",
      package: "p",
      "new version": 4,
    });
  });

  test("shows the new chain on both ports, under the old root", async () => {
    const before = await chain();
    const shownBefore = await meshCertificate();
    await call(v2("update", anna, raise(3)));
    const after = await chain();
    expect(after.root).toBe(before.root);
    expect(after.intermediate).not.toBe(before.intermediate);
    const shown = await meshCertificate();
    expect(shown).not.toBe(shownBefore);
    const [leaf, issuer] = [shown, after.intermediate ?? ""].map(
      (text) => new X509Certificate(Buffer.from(text, "base64")),
    );
    expect(leaf?.publicKey.equals(issuer?.publicKey ?? leaf.publicKey)).toBe(true);
  });

  test("survives a restart", async () => {
    await call(v2("update", anna, raise(4)));
    const before = await chain();
    await running.close();
    running = await machine.start();
    expect(await chain()).toEqual(before);
    expect(await activate("web")).toMatchObject({ code: "PACKAGE_SECURITY_VERSION" });
    expect((await activate("web", 4)).kind).toBe("accepted");
  });

  test.each<[string, () => HttpCall, number, object]>([
    [
      "to a lower version",
      () => v2("update", anna, raise(2)),
      500,
      {
        status: "error",
        code: "UPDATE_DOWNGRADE",
        message: expect.stringContaining(
          "update manifest tries to downgrade SecurityVersion of the original manifest",
        ),
      },
    ],
    [
      "to a lower version in v1",
      () => v1("update", anna, raise(2)),
      400,
      { status: "error", code: "UPDATE_DOWNGRADE" },
    ],
    [
      "by another user",
      () => v2("update", bert, raise(4)),
      500,
      { status: "error", code: "PERMISSION_DENIED" },
    ],
    [
      "by another user in v1",
      () => v1("update", bert, raise(4)),
      400,
      { status: "error", code: "PERMISSION_DENIED" },
    ],
    [
      "of nothing",
      () => v2("update", anna, utf8('{"Packages":{}}')),
      500,
      { status: "error", code: "UPDATE_INVALID" },
    ],
    [
      "of no JSON",
      () => v2("update", anna, utf8("{")),
      500,
      { status: "error", code: "JSON_SYNTAX" },
    ],
    [
      "of no JSON in v1",
      () => v1("update", anna, "{"),
      400,
      { status: "error", code: "JSON_SYNTAX" },
    ],
    [
      "of trailing data in v1",
      () => v1("update", anna, `${new TextDecoder().decode(raise(4))}x`),
      400,
      { status: "error", code: "JSON_TRAILING" },
    ],
    [
      "without body",
      () => ({ ...v2("update", anna, raise(4)), body: "" }),
      400,
      { status: "fail", code: "JSON_EMPTY" },
    ],
    [
      "in another type",
      () => ({ ...v2("update", anna, raise(4)), body: '{"manifest":{}}' }),
      400,
      { status: "fail", code: "JSON_TYPE" },
    ],
  ])("%s is refused", async (_, request, status, envelope) => {
    const answer = await call(request());
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject(envelope);
    expect(await logged()).toEqual(["Initial manifest set"]);
  });

  test("in v1 answers null", async () => {
    expect(await call(v1("update", anna, raise(4)))).toEqual({
      status: 200,
      json: { status: "success", data: null },
    });
  });
});

describe("a full update of two", () => {
  test("waits, is shown to everybody, and is applied by the second", async () => {
    const manifest = next({ Marbles: { web: { Package: "p" } } });
    const started = await call(v2("update", anna, manifest));
    expect(started).toEqual({
      status: 200,
      json: { status: "success", data: { missingAcknowledgments: 1, missingUsers: ["bert"] } },
    });
    for (const path of ["/api/v2/update-manifest", "/update-manifest"]) {
      expect(await call({ path })).toEqual({
        status: 200,
        json: {
          status: "success",
          data: { manifest: toBase64(manifest), message: PENDING_ONE, missingUsers: ["bert"] },
        },
      });
    }
    expect((await activate("old")).kind).toBe("accepted");
    const again = await call(v2("update-manifest", anna, manifest));
    expect(again.json.data).toEqual({
      message: `${PENDING_ONE}.\nThe following users have not yet accepted: bert`,
      missingUsers: ["bert"],
      missingAcknowledgments: 1,
    });
    const last = await call(v2("update-manifest", bert, manifest));
    expect(last).toEqual({
      status: 200,
      json: {
        status: "success",
        data: { message: DONE, missingUsers: null, missingAcknowledgments: 0 },
      },
    });
    expect((await call({ path: "/api/v2/update-manifest" })).status).toBe(404);
    const { json } = await call({ path: "/api/v2/manifest" });
    expect(json.data.manifest).toBe(toBase64(manifest));
    expect(json.data.manifestFingerprint).toBe(fingerprint(manifest));
    expect(await activate("old")).toMatchObject({ code: "MARBLE_TYPE_UNKNOWN" });
    expect((await activate("web")).kind).toBe("accepted");
    expect(await logged()).toEqual([
      "Initial manifest set",
      "Complete Manifest update initiated by user. Waiting for acknowledgments to apply the update",
      "Complete Manifest update acknowledged by user",
      "Complete Manifest update acknowledged by user",
      "Complete Manifest updated",
    ]);
  });

  test("waits through a restart, and v1 speaks in texts", async () => {
    const manifest = next();
    expect((await call(v1("update", bert, manifest))).json).toEqual({
      status: "success",
      data: null,
    });
    await running.close();
    running = await machine.start();
    const first = await call(v1("update-manifest", bert, manifest));
    expect(first.json).toEqual({ status: "success", data: PENDING_ONE });
    const last = await call(v1("update-manifest", anna, manifest));
    expect(last.json).toEqual({ status: "success", data: DONE });
  });

  test.each<[string, string]>([
    ["/api/v2/update-cancel", "v2"],
    ["/update-cancel", "v1"],
  ])("is cancelled at %s", async (path, version) => {
    await call(v2("update", anna, next()));
    const text = "Update successfully cancelled";
    const answer = await call({ method: "POST", path, client: bert });
    expect(answer).toEqual({
      status: 200,
      json: { status: "success", data: version === "v1" ? text : { message: text } },
    });
    expect((await call({ method: "POST", path, client: bert })).status).toBe(404);
    expect((await logged()).at(-1)).toBe("Complete Manifest update cancelled by user");
  });

  test.each<[string, () => HttpCall, number, object]>([
    [
      "a second update",
      () => v2("update", bert, next()),
      500,
      { status: "error", code: "UPDATE_PENDING" },
    ],
    [
      "a second update in v1",
      () => v1("update", bert, next()),
      400,
      { status: "error", code: "UPDATE_PENDING" },
    ],
    [
      "a package update",
      () => v2("update", anna, raise(4)),
      500,
      { status: "error", code: "UPDATE_PENDING" },
    ],
    [
      "other bytes",
      () => v2("update-manifest", bert, utf8(`${new TextDecoder().decode(next())}\n`)),
      500,
      { status: "error", code: "UPDATE_MISMATCH" },
    ],
    [
      "other bytes in v1",
      () => v1("update-manifest", bert, "{}"),
      500,
      { status: "error", code: "UPDATE_MISMATCH" },
    ],
    [
      "one who was not asked",
      () => v2("update-manifest", reader, next()),
      500,
      { status: "error", code: "PERMISSION_DENIED" },
    ],
    [
      "a cancellation by one who may not",
      () => v1("update-cancel", reader, ""),
      500,
      { status: "error", code: "PERMISSION_DENIED" },
    ],
    [
      "a body that is no JSON",
      () => ({ ...v2("update-manifest", bert, next()), body: "{" }),
      400,
      { status: "fail", code: "JSON_SYNTAX" },
    ],
  ])("refuses %s and goes on waiting", async (_, request, status, envelope) => {
    await call(v2("update", anna, next()));
    const answer = await call(request());
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject(envelope);
    expect((await call({ path: "/api/v2/update-manifest" })).json.data.missingUsers).toEqual([
      "bert",
    ]);
  });

  test("that cannot be applied is gone, with the reason to the last caller", async () => {
    const manifest = next({ RecoveryKeys: { broken: "x" } });
    await call(v2("update", anna, manifest));
    const answer = await call(v2("update-manifest", bert, manifest));
    expect(answer.status).toBe(500);
    expect(answer.json).toMatchObject({ status: "error", code: "RECOVERY_KEY_INVALID" });
    expect((await call({ path: "/api/v2/update-manifest" })).json).toMatchObject({
      message: "no update in progress",
      code: "NO_UPDATE",
    });
    expect((await logged()).at(-1)).toBe(
      "Complete Manifest update cancelled due to error during apply",
    );
  });
});

describe("what an update leaves and renews", () => {
  const alone = { Config: { UpdateThreshold: 1 } };

  beforeEach(async () => {
    const manifest = next({ ...alone, RecoveryKeys: { owner: owner.pem } });
    await call(v2("update", anna, manifest));
    await call(v2("update-manifest", bert, manifest));
  });

  test("activations count on", async () => {
    for (let i = 0; i < 2; i += 1) expect((await activate("web")).kind).toBe("accepted");
    expect((await call(v2("update", anna, next(alone)))).status).toBe(200);
    expect((await activate("web")).kind).toBe("accepted");
    expect(await activate("web")).toMatchObject({ code: "ACTIVATION_LIMIT" });
  });

  test("a rotated root secret gives marbles other keys, and the certificate changes", async () => {
    const read = async () =>
      (await call({ path: "/api/v2/secrets?s=shared", client: reader })).json.data.secrets.shared;
    const ownKey = async () => {
      const outcome = await activate("web");
      return outcome.kind === "accepted"
        ? new TextDecoder().decode(outcome.parameters.Env["X"])
        : "";
    };
    const before = [await ownKey(), (await read()).Cert];
    await call(v2("update", anna, next(alone)));
    const between = [await ownKey(), (await read()).Cert];
    expect(between[0]).toBe(before[0]);
    expect(between[1]).not.toBe(before[1]);
    await call(v2("update", anna, next({ Config: { ...alone.Config, RotateRootSecret: true } })));
    expect(await ownKey()).not.toBe(before[0]);
  });

  test("changed recovery keys give the caller secrets that recover the state", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    const same = await call(
      v2("update", anna, next({ ...alone, RecoveryKeys: { owner: owner.pem } })),
    );
    expect(same.json.data).not.toHaveProperty("recoverySecrets");
    const { json } = await call(v2("update", anna, next({ ...alone, RecoveryKeys: { new: pem } })));
    expect(Object.keys(json.data.recoverySecrets)).toEqual(["new"]);
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const encrypted = Buffer.from(json.data.recoverySecrets.new, "base64");
    const secret = privateDecrypt({ key: privateKey, padding, oaepHash: "sha256" }, encrypted);
    const before = await chain();
    await running.close();
    machine.files.delete("sealed_key");
    running = await machine.start();
    expect((await call({ path: "/api/v2/status" })).json.data.code).toBe(1);
    const body = JSON.stringify({
      recoverySecret: toBase64(secret),
      recoverySecretSignature: toBase64(sign("sha256", secret, privateKey)),
    });
    const recovered = await call({ path: "/api/v2/recover", body });
    expect(recovered.json.data).toMatchObject({ remaining: 0 });
    expect(await chain()).toEqual(before);
  });

  test("a removed user is refused from then on", async () => {
    const { bert: _gone, ...left } = sections["Users"] as Record<string, unknown>;
    await call(v2("update", anna, next({ ...alone, Users: left })));
    const answer = await call(v2("update", bert, next(alone)));
    expect(answer).toMatchObject({ status: 401, json: { code: "USER_UNAUTHORIZED" } });
  });
});

describe("a dry run", () => {
  test("says what would happen, and nothing does", async () => {
    const before = [await chain(), await logged(), await call({ path: "/api/v2/manifest" })];
    const manifest = next({
      Marbles: { web: { Package: "p" } },
      RecoveryKeys: { owner: owner.pem },
    });
    const { status, json } = await call(v2("update?dryRun=true", anna, manifest));
    expect(status).toBe(200);
    expect(json.data).toMatchObject({
      missingAcknowledgments: 1,
      missingUsers: ["bert"],
      dryRun: true,
      kind: "full",
      renewedRecoveryKeys: ["owner"],
      warnings: [],
    });
    expect(json.data.changes).toContainEqual({
      kind: "marble",
      change: "removed",
      subject: "old",
      sentence: "Marble old is removed and can no longer be activated.",
    });
    expect((await call({ path: "/api/v2/update-manifest" })).status).toBe(404);
    expect([await chain(), await logged(), await call({ path: "/api/v2/manifest" })]).toEqual(
      before,
    );
  });

  test("of a package update says so", async () => {
    const { json } = await call(v2("update?dryRun=true", anna, raise(5)));
    expect(json.data).toMatchObject({ missingAcknowledgments: 0, kind: "package" });
    expect((await activate("web")).kind).toBe("accepted");
  });

  test.each<[string, string, () => TestUser, Uint8Array | undefined, number, string]>([
    ["what the update would be", "?dryRun=true", () => reader, undefined, 500, "PERMISSION_DENIED"],
    ["an unknown user", "?dryRun=true", () => stranger, undefined, 401, "USER_UNAUTHORIZED"],
    [
      "a manifest that would fail",
      "?dryRun=true",
      () => anna,
      testManifest({ RecoveryKeys: { r: "x" } }),
      500,
      "RECOVERY_KEY_INVALID",
    ],
    [
      "an answer that may be a typing error",
      "?dryRun=1",
      () => anna,
      undefined,
      400,
      "REQUEST_MALFORMED",
    ],
    ["two answers", "?dryRun=true&dryRun=no", () => anna, undefined, 400, "REQUEST_MALFORMED"],
  ])("refuses %s", async (_, query, who, manifest, status, code) => {
    const answer = await call(v2(`update${query}`, who(), manifest ?? next()));
    expect(answer).toMatchObject({ status, json: { code } });
    expect(await logged()).toEqual(["Initial manifest set"]);
  });

  test("that is not one updates", async () => {
    const { json } = await call(v2("update?dryRun=false", anna, raise(4)));
    expect(json.data).toEqual({ missingAcknowledgments: 0, missingUsers: null });
    expect(await logged()).toContain("SecurityVersion increased");
  });
});

describe("a call of v1", () => {
  test.each<[string, HttpCall, boolean]>([
    ["the update log", { path: "/update" }, true],
    ["the manifest", { path: "/manifest" }, true],
    ["the pending update", { path: "/update-manifest" }, false],
    ["a cancellation", { method: "POST", path: "/update-cancel" }, false],
  ])("for %s is noted as deprecated: %#", async (_, request, noted) => {
    await call(request);
    const notes = running.log.records.filter(
      ({ message }) => message === "deprecated v1 route used",
    );
    expect(notes.length > 0).toBe(noted);
  });
});

test("updates need a state that accepts marbles", async () => {
  await running.close();
  machine.files.clear();
  running = await machine.start();
  for (const request of [v2("update", anna, next()), v1("update-cancel", anna, "")]) {
    expect((await call(request)).status).toBe(401);
  }
  expect(await call({ path: "/api/v2/update-manifest" })).toMatchObject({ status: 404 });
  expect(await call({ path: "/api/v2/update" })).toMatchObject({
    status: 500,
    json: { message: "server is not in expected state" },
  });
});
