import { createHash, createPublicKey, verify, X509Certificate } from "node:crypto";
import { createDcapVerifier, decodeOeQuote, encodeOeQuote, parseQuote } from "@carrara/attestation";
import { parsePem, toBase64, utf8 } from "@carrara/encoding";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callHttps, type HttpCall } from "../../testing/http-client.ts";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "../../testing/test-coordinator.ts";
import { testManifest } from "../../testing/test-manifest.ts";
import { callActivate, prepareMarble } from "../../testing/test-marble.ts";
import { createTestUser, type TestUser } from "../../testing/test-user.ts";

let machine: TestMachine;
let fresh: TestCoordinator;
let running: TestCoordinator;
let user: TestUser;
let stranger: TestUser;
let manifest: Uint8Array;
const opened: TestMachine[] = [];

async function newMachine(): Promise<TestMachine> {
  const made = await createTestMachine();
  opened.push(made);
  return made;
}

beforeAll(async () => {
  [machine, user, stranger] = await Promise.all([newMachine(), createTestUser(), createTestUser()]);
  fresh = await (await newMachine()).start();
  running = await machine.start();
  manifest = testManifest({
    Marbles: { web: { Package: "p", Parameters: { Env: { X: "{{ string .Secrets.text }}" } } } },
    Users: { alice: { Certificate: user.pem, Roles: ["reader", "writer", "updater"] } },
    Roles: {
      reader: {
        ResourceType: "Secrets",
        ResourceNames: ["shared", "key"],
        Actions: ["ReadSecret"],
      },
      writer: { ResourceType: "Secrets", ResourceNames: ["key", "text"], Actions: ["WriteSecret"] },
      updater: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
    },
    Secrets: {
      shared: { Type: "symmetric-key", Size: 128, Shared: true },
      key: { Type: "symmetric-key", Size: 128, UserDefined: true },
      text: { Type: "plain", UserDefined: true },
      cert: { Type: "cert-ecdsa", Size: 256, UserDefined: true },
    },
    Config: { FeatureGates: ["MonotonicCounter", "SignQuoteEndpoint"] },
  });
  await running.coordinator.setManifest(manifest);
});

afterAll(async () => {
  await Promise.all(opened.map(async (each) => await each.close()));
});

async function call(to: TestCoordinator, request: HttpCall) {
  const { status, text, headers } = await callHttps(to.clientPort, request);
  return { status, headers, json: JSON.parse(text) };
}

describe("the envelope", () => {
  test("of a success is JSON without charset", async () => {
    const { headers, json } = await call(fresh, { path: "/api/v2/status" });
    expect(headers["content-type"]).toBe("application/json");
    expect(json).toEqual({
      status: "success",
      data: { code: 2, message: "Coordinator is ready to accept a manifest." },
    });
  });

  test("of an error is text that browsers do not sniff", async () => {
    const { status, headers, json } = await call(fresh, { path: "/api/v2/manifest" });
    expect(status).toBe(500);
    expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(json).toEqual({
      status: "error",
      data: null,
      message: "requested value not set",
      code: "MANIFEST_UNSET",
    });
  });
});

describe("an unknown route", () => {
  test.each<HttpCall>([
    { path: "/" },
    { path: "/api/v2/nothing" },
    { path: "/api/v2/status/" },
    { path: "/api/v2/status", method: "PUT" },
    { path: "/api/v2/status", method: "DELETE" },
    { path: "/api/v2/recover" },
    { path: "/api/v2/%zz" },
    { path: "/recover/public-key" },
  ])("is answered with 405: $method $path", async (request) => {
    const { status, json } = await call(fresh, request);
    expect(status).toBe(405);
    expect(json).toEqual({ status: "error", data: null });
  });

  test("is answered with 405 for HEAD too", async () => {
    const answer = await callHttps(fresh.clientPort, { path: "/api/v2/status", method: "HEAD" });
    expect(answer.status).toBe(405);
  });
});

describe("the quote", () => {
  test("is over the root certificate, with the collateral that verifies it", async () => {
    const { json } = await call(running, { path: "/api/v2/quote" });
    const [intermediate, root] = parsePem(json.data.cert).map(({ bytes }) => bytes);
    const raw = decodeOeQuote(new Uint8Array(Buffer.from(json.data.quote, "base64")));
    const digest = createHash("sha256")
      .update(root ?? new Uint8Array())
      .digest();
    expect(Buffer.from(parseQuote(raw).body.reportData).subarray(0, 32)).toEqual(digest);
    expect(
      new X509Certificate(intermediate ?? new Uint8Array()).verify(
        new X509Certificate(root ?? new Uint8Array()).publicKey,
      ),
    ).toBe(true);
    const collateral = await call(running, { path: "/api/v2/collateral" });
    const verified = await createDcapVerifier().verify({
      quote: raw,
      collateral: collateral.json.data,
      anchor: machine.platform.anchor,
      now: new Date(),
    });
    expect(verified).toMatchObject({ assurance: "simulation", status: "UpToDate" });
  });

  test("covers the nonce", async () => {
    const nonce = utf8("nonce>>??");
    const path = `/api/v2/quote?nonce=${Buffer.from(nonce).toString("base64url")}`;
    const { json } = await call(running, { path });
    const root = parsePem(json.data.cert)[1]?.bytes ?? new Uint8Array();
    const raw = decodeOeQuote(new Uint8Array(Buffer.from(json.data.quote, "base64")));
    const digest = createHash("sha256").update(root).update(nonce).digest();
    expect(Buffer.from(parseQuote(raw).body.reportData).subarray(0, 32)).toEqual(digest);
  });

  test.each(["x", "AA", "AA=", "+/==", "!!!!"])("with nonce %j is refused", async (nonce) => {
    const path = `/api/v2/quote?nonce=${encodeURIComponent(nonce)}`;
    const { status, json } = await call(running, { path });
    expect(status).toBe(400);
    expect(json).toMatchObject({ status: "fail", data: null, code: "REQUEST_MALFORMED" });
  });

  test("and TLS show the same root, which verifies the connection", async () => {
    const { json } = await call(running, { path: "/quote" });
    expect(json.data.Quote).toBeTypeOf("string");
    const root = (json.data.Cert as string).split(/(?<=-----END CERTIFICATE-----\n)/)[1] ?? "";
    const answer = await callHttps(running.clientPort, { path: "/status", root });
    expect(JSON.parse(answer.text).data).toEqual({
      StatusCode: 3,
      StatusMessage: "Coordinator is running correctly and ready to accept marbles.",
    });
  });
});

describe("the manifest", () => {
  test("comes back with fingerprint and a signature of the root", async () => {
    const { json } = await call(running, { path: "/api/v2/manifest" });
    const quote = await call(running, { path: "/api/v2/quote" });
    const root = new X509Certificate(parsePem(quote.json.data.cert)[1]?.bytes ?? new Uint8Array());
    expect(json.data.manifest).toBe(toBase64(manifest));
    expect(json.data.manifestFingerprint).toBe(createHash("sha256").update(manifest).digest("hex"));
    const signature = Buffer.from(json.data.manifestSignatureRootECDSA, "base64");
    expect(verify("sha256", manifest, root.publicKey, signature)).toBe(true);
    const old = await call(running, { path: "/manifest" });
    expect(old.json.data.ManifestSignature).toBe(json.data.manifestFingerprint);
  });

  test("is null in v1 while none is set", async () => {
    const { status, json } = await call(fresh, { path: "/manifest" });
    expect(status).toBe(200);
    expect(json.data).toEqual({
      ManifestSignatureRootECDSA: null,
      ManifestSignature: "",
      Manifest: null,
    });
  });

  test.each<[string, HttpCall, number, string]>([
    ["set twice", { path: "/api/v2/manifest", body: '{"manifest":"e30="}' }, 500, "STATE_WRONG"],
    ["set twice in v1", { path: "/manifest", body: "{}" }, 400, "STATE_WRONG"],
  ])("%s is refused", async (_, request, status, code) => {
    const answer = await call(running, request);
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ message: "server is not in expected state", code });
  });

  test.each<[string, string | Uint8Array, number, string, string]>([
    ["no body", "", 400, "fail", "JSON_EMPTY"],
    ["broken JSON", "{", 400, "fail", "JSON_SYNTAX"],
    ["a wrong type", '{"manifest":1}', 400, "fail", "JSON_TYPE"],
    ["no manifest", "{}", 500, "error", "JSON_EMPTY"],
    ["an empty manifest", '{"manifest":"e30="}', 500, "error", "MANIFEST_NO_PACKAGES"],
    ["bytes", new Uint8Array([0xff, 0xfe]), 400, "fail", "JSON_SYNTAX"],
  ])("with %s is refused and nothing is set", async (_, body, status, style, code) => {
    const answer = await call(fresh, { path: "/api/v2/manifest", body, method: "POST" });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ status: style, data: null, code });
    expect(fresh.log.records.at(-1)).toMatchObject({
      fields: { code },
      message: "request refused",
    });
    expect((await call(fresh, { path: "/status" })).json.data.StatusCode).toBe(2);
  });

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ["a broken template", { Marbles: marbleWith("{{ hex") }, "TEMPLATE_PARSE"],
    ["an unknown secret", { Marbles: marbleWith("{{ hex .Secrets.no }}") }, "TEMPLATE_EXECUTION"],
    ["a broken user", { Users: { u: { Certificate: "x" } } }, "MANIFEST_INVALID"],
    ["a broken recovery key", { RecoveryKeys: { r: "x" } }, "RECOVERY_KEY_INVALID"],
    ["a bad size", { Secrets: { s: { Type: "symmetric-key", Size: 7 } } }, "SECRET_INVALID"],
  ])("with %s is refused", async (_, sections, code) => {
    const body = JSON.stringify({ manifest: toBase64(testManifest(sections)) });
    const answer = await call(fresh, { path: "/api/v2/manifest", body });
    expect(answer.status).toBe(500);
    expect(answer.json).toMatchObject({ status: "error", code });
  });

  test("is set by the first of two that come at once", async () => {
    const { coordinator } = await (await newMachine()).start();
    const outcomes = await Promise.allSettled([
      coordinator.setManifest(testManifest()),
      coordinator.setManifest(testManifest()),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });
});

function marbleWith(template: string): object {
  return { web: { Package: "p", Parameters: { Env: { X: template } } } };
}

describe("a user", () => {
  const post = (secrets: object): HttpCall => ({
    path: "/api/v2/secrets",
    body: JSON.stringify({ secrets }),
    client: user,
  });

  test("reads what the role allows, unset secrets as null", async () => {
    const { json } = await call(running, { path: "/api/v2/secrets?s=shared&s=key", client: user });
    expect(json.data.secrets.key).toEqual({
      Type: "symmetric-key",
      Size: 128,
      Shared: false,
      UserDefined: true,
      Cert: null,
      ValidFor: 0,
      Private: null,
      Public: null,
    });
    expect(Buffer.from(json.data.secrets.shared.Private, "base64")).toHaveLength(16);
    const old = await call(running, { path: "/secrets?s=shared", client: user });
    expect(old.json.data.shared).toEqual(json.data.secrets.shared);
  });

  test("writes values, which are logged and reach marbles", async () => {
    const { identity, fields } = await prepareMarble("web", machine.teeFor());
    const before = await callActivate(running.meshPort, identity, fields);
    expect(before).toMatchObject({ status: "INTERNAL", code: "TEMPLATE_EXECUTION" });
    const answer = await call(running, post({ text: { Key: toBase64(utf8("hello")) } }));
    expect(answer).toMatchObject({ status: 200, json: { status: "success", data: null } });
    const after = await callActivate(running.meshPort, identity, fields);
    const env = after.kind === "accepted" ? after.parameters.Env : {};
    expect(new TextDecoder().decode(env["X"])).toBe("hello");
    const log = await call(running, { path: "/api/v2/update" });
    expect(JSON.parse(log.json.data.updateLog.at(-1))).toMatchObject({
      update: "Secret set",
      user: "alice",
      secret: "text",
      type: "plain",
    });
    const old = await call(running, { path: "/update" });
    expect(old.json.data).toBe(`${log.json.data.updateLog.join("\n")}\n`);
  });

  test.each<[string, object, string]>([
    ["nothing", {}, "SECRET_INVALID"],
    ["a key of another size", { key: { Key: toBase64(new Uint8Array(15)) } }, "SECRET_INVALID"],
    ["a certificate as key", { key: { Cert: "AAAA" } }, "SECRET_INVALID"],
    ["a broken certificate", { cert: { Cert: "AAAA" } }, "SECRET_INVALID"],
    ["a key for a certificate", { cert: { Key: "AAAA" } }, "SECRET_INVALID"],
    ["a shared secret", { shared: { Key: "AAAA" } }, "SECRET_INVALID"],
    ["an unknown secret", { no: { Key: "AAAA" } }, "SECRET_UNKNOWN"],
    ["text with NUL", { text: { Key: toBase64(new Uint8Array(2)) } }, "TEMPLATE_EXECUTION"],
  ])("cannot write %s", async (_, secrets, code) => {
    const answer = await call(running, post(secrets));
    expect(answer.status).toBe(500);
    expect(answer.json).toMatchObject({ status: "error", code });
  });

  test("cannot write without the permission, nor one of several", async () => {
    const cert = { Cert: toBase64(user.certificate) };
    const answer = await call(running, post({ cert, key: { Key: toBase64(new Uint8Array(16)) } }));
    expect(answer.json).toMatchObject({ code: "PERMISSION_DENIED" });
    const { json } = await call(running, { path: "/api/v2/secrets?s=key", client: user });
    expect(json.data.secrets.key.Private).toBeNull();
  });

  test.each<[string, HttpCall, number, string]>([
    ["read others' secrets", { path: "/api/v2/secrets?s=text&s=key" }, 500, "PERMISSION_DENIED"],
    ["read others' in v1", { path: "/secrets?s=text" }, 400, "PERMISSION_DENIED"],
    ["read no secret", { path: "/api/v2/secrets" }, 400, "REQUEST_MALFORMED"],
    ["read an unnamed secret", { path: "/api/v2/secrets?s=" }, 400, "REQUEST_MALFORMED"],
    ["update", { path: "/api/v2/update", body: '{"manifest":"e30="}' }, 500, "PERMISSION_DENIED"],
    ["update by nonsense", { path: "/api/v2/update", body: "x" }, 400, "JSON_SYNTAX"],
    ["acknowledge", { path: "/api/v2/update-manifest", body: "{}" }, 404, "NO_UPDATE"],
    ["cancel", { path: "/api/v2/update-cancel", body: "", method: "POST" }, 404, "NO_UPDATE"],
    ["cancel in v1", { path: "/update-cancel", body: "x" }, 404, "NO_UPDATE"],
  ])("cannot %s", async (_, request, status, code) => {
    const answer = await call(running, { ...request, client: user });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ code });
  });

  test.each<HttpCall>([
    { path: "/api/v2/secrets?s=shared" },
    { path: "/api/v2/secrets", body: "{" },
    { path: "/api/v2/update", body: "{" },
    { path: "/api/v2/update-manifest", body: "{" },
    { path: "/api/v2/update-cancel", body: "{" },
    { path: "/secrets?s=shared" },
  ])("who is unknown gets 401 at $path", async (request) => {
    for (const client of [undefined, stranger]) {
      const answer = await call(running, {
        ...request,
        ...(client === undefined ? {} : { client }),
      });
      expect(answer.status).toBe(401);
      expect(answer.json.message).toMatch(/^unauthorized user: /);
      expect(answer.json).toMatchObject({ code: "USER_UNAUTHORIZED" });
    }
  });
});

describe("a monotonic counter", () => {
  test("only rises, and belongs to a marble with a certificate of the mesh", async () => {
    const { identity, fields } = await prepareMarble("web", machine.teeFor());
    const outcome = await callActivate(running.meshPort, identity, fields);
    if (outcome.kind === "refused") throw new TypeError(outcome.message);
    const block = (name: string) =>
      parsePem(new TextDecoder().decode(outcome.parameters.Env[name]))[0]?.bytes ??
      new Uint8Array();
    const client = {
      certificate: block("MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"),
      pkcs8: block("MARBLE_PREDEFINED_PRIVATE_KEY"),
    };
    const path = "/api/v2/monotonic-counter";
    const raise = async (value: string) =>
      (
        await callHttps(running.clientPort, {
          path,
          body: `{"name":"foo","value":${value}}`,
          client,
        })
      ).text;
    expect(await raise("2")).toBe('{"status":"success","data":{"value":0}}\n');
    expect(await raise("18446744073709551615")).toContain('"value":2}');
    expect(await raise("3")).toContain('"value":18446744073709551615}');
    expect(await raise("-1")).toContain("JSON_NUMBER");
    for (const other of [stranger, undefined]) {
      const answer = await call(running, {
        path,
        body: "{}",
        ...(other === undefined ? {} : { client: other }),
      });
      expect(answer.status).toBe(401);
      expect(answer.json.message).toMatch(/^unauthorized marble: /);
    }
    const off = await call(fresh, { path, body: "{}" });
    expect(off).toMatchObject({ status: 403, json: { code: "FEATURE_DISABLED" } });
  });
});

describe("sign-quote", () => {
  const path = "/api/v2/sign-quote";

  test.each([
    ["raw", (raw: Uint8Array) => raw],
    ["Open Enclave", encodeOeQuote],
  ])("signs the status of a quote in %s form", async (_, wrap) => {
    const sgxQuote = toBase64(wrap(await machine.teeFor().getEvidence(new Uint8Array(32))));
    const { json } = await call(running, { path, body: JSON.stringify({ sgxQuote }) });
    expect(json.data.tcbStatus).toBe("UpToDate");
    const { key } = running.coordinator.clientIdentity();
    const signed = utf8(`${sgxQuote}UpToDate`);
    const signature = Buffer.from(json.data.verificationSignature, "base64");
    expect(verify("sha256", signed, createPublicKey(key), signature)).toBe(true);
  });

  test("refuses other bytes, and all where it is not enabled", async () => {
    const bad = await call(running, { path, body: '{"sgxQuote":"AAAA"}' });
    expect(bad).toMatchObject({ status: 400, json: { status: "fail", code: "QUOTE_TRUNCATED" } });
    expect(bad.json.data.sgxQuote).toBeTypeOf("string");
    const off = await call(fresh, { path, body: "{" });
    expect(off).toMatchObject({ status: 403, json: { code: "FEATURE_DISABLED" } });
  });
});
