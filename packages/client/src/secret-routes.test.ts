import { utf8 } from "@carrara/encoding";
import { encodeGoJson } from "@carrara/manifest";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClientError } from "./error.ts";
import { createRouteCaller } from "./route-caller.ts";
import { parseUserSecrets, secretsJson, userSecretsJson } from "./secret.ts";
import { secretRoutes } from "./secret-routes.ts";
import { createFakeTransport, type FakeAnswer, success } from "./testing/fake-server.ts";

const KEY = {
  Type: "symmetric-key",
  Size: 16,
  Shared: true,
  UserDefined: false,
  Cert: null,
  ValidFor: 0,
  Private: "AAE=",
  Public: "AAE=",
};

function routesOf(answers: Readonly<Record<string, FakeAnswer>>) {
  const { transport, requests } = createFakeTransport(answers);
  const caller = createRouteCaller({ transport, trust: { kind: "unverified" } });
  return { client: secretRoutes(caller), requests };
}

describe("getSecrets", () => {
  test.each([
    ["v2", { "GET /api/v2/secrets?s=a%26b&s=c": success({ secrets: { "a&b": KEY } }) }],
    ["v1", { "GET /secrets?s=a%26b&s=c": success({ "a&b": KEY }) }],
  ])("asks %s for each name", async (_, answers) => {
    const secrets = await routesOf(answers).client.getSecrets(["a&b", "c"]);
    expect(JSON.parse(encodeGoJson(secretsJson(secrets)))).toEqual({ "a&b": KEY });
    expect(secrets.get("a&b")).toMatchObject({ cert: undefined, private: new Uint8Array([0, 1]) });
  });
});

describe("setSecrets", () => {
  const secrets = new Map([["a", { key: new Uint8Array([1]) }]]);
  const fields = { Cert: null, Private: null, Key: "AQ==" };

  test.each([
    ["POST /api/v2/secrets", { secrets: { a: fields } }],
    ["POST /secrets", { a: fields }],
  ])("sends to %s", async (route, body) => {
    const { client, requests } = routesOf({ [route]: success(null) });
    await client.setSecrets(secrets);
    expect(JSON.parse(new TextDecoder().decode(requests.at(-1)?.body))).toEqual(body);
  });
});

const bytes = fc.option(fc.uint8Array({ maxLength: 9 }), { nil: undefined });

describe("a file of secrets", () => {
  test("reads what it writes", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.record({ cert: bytes, private: bytes, key: bytes })),
        (values) => {
          const secrets = new Map(Object.entries(values));
          expect(parseUserSecrets(utf8(encodeGoJson(userSecretsJson(secrets))))).toEqual(secrets);
        },
      ),
    );
  });

  test("of any bytes is secrets or SECRETS_INVALID", () => {
    const codeOf = (input: Uint8Array) => {
      try {
        parseUserSecrets(input);
        return "SECRETS_INVALID";
      } catch (error) {
        return error instanceof ClientError ? error.code : error;
      }
    };
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), (input) => {
        expect(codeOf(input)).toBe("SECRETS_INVALID");
      }),
    );
    expect(() => parseUserSecrets(utf8('{"a":{"Key":"!"}}'))).toThrow(
      expect.objectContaining({ code: "SECRETS_INVALID" }),
    );
  });
});
