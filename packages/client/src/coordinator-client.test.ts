import { toBase64, utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { createCoordinatorClient, manifestFingerprint } from "./coordinator-client.ts";
import { createFakeTransport, type FakeAnswer, failure, success } from "./testing/fake-server.ts";

const MANIFEST = utf8('{"Packages":{}}');
const trust = { kind: "unverified" } as const;

function clientOf(routes: Readonly<Record<string, FakeAnswer>>) {
  const { transport, requests } = createFakeTransport(routes);
  return { client: createCoordinatorClient({ transport, trust }), requests };
}

async function manifestData(fingerprint?: string): Promise<object> {
  return {
    manifestSignatureRootECDSA: toBase64(utf8("signature")),
    manifestFingerprint: fingerprint ?? (await manifestFingerprint(MANIFEST)),
    manifest: toBase64(MANIFEST),
  };
}

describe("status", () => {
  test.each([
    ["v2", { "GET /api/v2/status": success({ code: 3, message: "ready" }) }],
    ["v1 of an old server", { "GET /status": success({ StatusCode: 3, StatusMessage: "ready" }) }],
  ])("is read from %s", async (_, routes) => {
    await expect(clientOf(routes).client.status()).resolves.toEqual({ code: 3, message: "ready" });
  });

  test.each([
    ["an error with status and message", failure(500, "boom"), "SERVER_REFUSED", /500.*boom/],
    [
      "401 as an authorisation error",
      failure(401, "no user"),
      "UNAUTHORIZED",
      /authorizing user: no user/,
    ],
    ["text that is no JSON", { status: 200, body: "<html>" }, "RESPONSE_INVALID", /malformed/],
    ["data of another type", success({ code: "3" }), "RESPONSE_INVALID", /malformed/],
    ["an error without envelope", { status: 502, body: "" }, "SERVER_REFUSED", /502/],
    [
      "an error that says nothing",
      { status: 404, body: "{}" },
      "SERVER_REFUSED",
      /status: 404[^:]*$/,
    ],
  ])("reports %s", async (_, answer, code, message) => {
    const { client } = clientOf({ "GET /api/v2/status": answer });
    await expect(client.status()).rejects.toMatchObject({
      name: "ClientError",
      code,
      message: expect.stringMatching(message),
    });
  });

  test("takes escape sequences out of a server's message", async () => {
    const { client } = clientOf({ "GET /api/v2/status": failure(500, "a\u001b[31mb\u202ec") });
    await expect(client.status()).rejects.toMatchObject({
      message: expect.not.stringMatching(/\p{Cc}|\p{Cf}/u),
    });
  });
});

describe("manifest", () => {
  test("is given byte for byte with its fingerprint", async () => {
    const { client } = clientOf({ "GET /api/v2/manifest": success(await manifestData()) });
    await expect(client.getManifest()).resolves.toEqual({
      manifest: MANIFEST,
      fingerprint: await manifestFingerprint(MANIFEST),
      signature: utf8("signature"),
    });
  });

  test("is refused when the fingerprint is another's", async () => {
    const answer = success(await manifestData("00".repeat(32)));
    const { client } = clientOf({ "GET /api/v2/manifest": answer });
    await expect(client.getManifest()).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
  });

  test.each([
    ["v2", { "GET /api/v2/manifest": failure(500, "requested value not set") }],
    [
      "v1",
      {
        "GET /manifest": success({
          ManifestSignatureRootECDSA: null,
          ManifestSignature: "",
          Manifest: null,
        }),
      },
    ],
  ])("is MANIFEST_NOT_SET where %s says so", async (_, routes) => {
    const refused = clientOf(routes).client.getManifest();
    await expect(refused).rejects.toMatchObject({ code: "MANIFEST_NOT_SET" });
  });

  test("is sent in base64 to v2 and recovery secrets come back", async () => {
    const { client, requests } = clientOf({
      "POST /api/v2/manifest": success({ RecoverySecrets: { key: toBase64(utf8("secret")) } }),
    });
    const secrets = await client.setManifest(MANIFEST);
    expect(secrets).toEqual(new Map([["key", utf8("secret")]]));
    expect(requests[0]?.body).toEqual(utf8(JSON.stringify({ manifest: toBase64(MANIFEST) })));
  });

  test("is sent raw to an old server, whose null means no recovery secrets", async () => {
    const { client, requests } = clientOf({ "POST /manifest": success(null) });
    await expect(client.setManifest(MANIFEST)).resolves.toEqual(new Map());
    expect(requests.at(-1)?.body).toEqual(MANIFEST);
  });
});

describe("quote", () => {
  test("with a nonce asks for base64url with padding", async () => {
    const { client } = clientOf({
      "GET /api/v2/quote?nonce=-_8%3D": success({ cert: "pem", quote: toBase64(utf8("q")) }),
    });
    await expect(client.getQuote(new Uint8Array([0xfb, 0xff]))).resolves.toEqual({
      chainPem: "pem",
      quote: utf8("q"),
    });
  });

  test("of null is undefined, and v1's capitals do", async () => {
    const { client } = clientOf({ "GET /quote": success({ Cert: "pem", Quote: null }) });
    await expect(client.getQuote()).resolves.toEqual({ chainPem: "pem", quote: undefined });
  });
});

describe("update log", () => {
  test.each([
    ["v2", { "GET /api/v2/update": success({ updateLog: ['{"a":1}', '{"b":2}'] }) }],
    ["v1", { "GET /update": success('{"a":1}\n{"b":2}\n') }],
  ])("comes as lines from %s", async (_, routes) => {
    await expect(clientOf(routes).client.getUpdateLog()).resolves.toEqual(['{"a":1}', '{"b":2}']);
  });
});

describe("endorsements", () => {
  test("are undefined where the server has no such route", async () => {
    await expect(clientOf({}).client.getEndorsements("intel")).resolves.toBeUndefined();
    await expect(clientOf({}).client.getEndorsements("amd")).resolves.toBeUndefined();
  });

  test("of AMD come as bytes, and what is not hex is refused", async () => {
    const route = "GET /api/v2/collateral";
    const { client } = clientOf({ [route]: success({ chain: "pem", crl: "00ff" }) });
    await expect(client.getEndorsements("amd")).resolves.toEqual({
      vendor: "amd",
      chain: "pem",
      crl: new Uint8Array([0, 255]),
    });
    const bad = clientOf({ [route]: success({ vek: "x" }) }).client;
    await expect(bad.getEndorsements("amd")).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
  });
});
