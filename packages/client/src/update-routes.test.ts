import { toBase64, utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { createRouteCaller } from "./route-caller.ts";
import { createFakeTransport, type FakeAnswer, failure, success } from "./testing/fake-server.ts";
import { updateRoutes } from "./update-routes.ts";

const MANIFEST = utf8('{"Packages":{}}');
const BODY = utf8(JSON.stringify({ manifest: toBase64(MANIFEST) }));
const identity = { certificatePem: "certificate", privateKeyPem: "key" };
const NONE = new Map();

function routesOf(answers: Readonly<Record<string, FakeAnswer>>) {
  const { transport, requests } = createFakeTransport(answers);
  const caller = createRouteCaller({ transport, trust: { kind: "unverified" }, identity });
  return { client: updateRoutes(caller), requests };
}

const pending = (message: string, missingUsers: readonly string[]) =>
  success({ manifest: toBase64(MANIFEST), message, missingUsers });

describe("updateManifest", () => {
  test.each([
    [{ missingAcknowledgments: 0, missingUsers: null }, [], NONE],
    [
      { missingAcknowledgments: 1, missingUsers: ["b", "a"], recoverySecrets: null },
      ["a", "b"],
      NONE,
    ],
    [
      { missingAcknowledgments: 0, missingUsers: [], recoverySecrets: { k: "AAE=" } },
      [],
      new Map([["k", new Uint8Array([0, 1])]]),
    ],
  ])("reads %j", async (data, missingUsers, recoverySecrets) => {
    const { client, requests } = routesOf({ "POST /api/v2/update": success(data) });
    const { missingAcknowledgments } = data;
    await expect(client.updateManifest(MANIFEST)).resolves.toEqual({
      missingAcknowledgments,
      missingUsers,
      recoverySecrets,
    });
    expect(requests).toMatchObject([{ body: BODY, identity }]);
  });

  test.each([
    ["nothing pending", failure(404, "no update in progress"), 0, []],
    [
      "two pending",
      pending("2 users still need to acknowledge the update manifest", ["a", "b", "c"]),
      2,
      ["a", "b", "c"],
    ],
    ["words of no known form", pending("waiting", ["a"]), 1, ["a"]],
  ])("asks an old server for the rest: %s", async (_, answer, missing, missingUsers) => {
    const { client, requests } = routesOf({
      "POST /update": success(null),
      "GET /update-manifest": answer,
    });
    await expect(client.updateManifest(MANIFEST)).resolves.toEqual({
      missingAcknowledgments: missing,
      missingUsers,
      recoverySecrets: NONE,
    });
    expect(requests[1]?.body).toEqual(MANIFEST);
  });

  test("reports a stranger as UNAUTHORIZED and a refusal with its words", async () => {
    const stranger = routesOf({ "POST /api/v2/update": failure(401, "unauthorized user: no") });
    await expect(stranger.client.updateManifest(MANIFEST)).rejects.toMatchObject({
      code: "UNAUTHORIZED",
      message: expect.stringContaining("unauthorized user"),
    });
    const refused = routesOf({ "POST /api/v2/update": failure(500, "downgrade") });
    await expect(refused.client.updateManifest(MANIFEST)).rejects.toMatchObject({
      code: "SERVER_REFUSED",
      message: expect.stringContaining("downgrade"),
    });
  });
});

describe("dryRunUpdate", () => {
  test("is never sent to a server that would apply the update", async () => {
    const { client, requests } = routesOf({ "POST /api/v2/update?dryRun=true": success({}) });
    await expect(client.dryRunUpdate(MANIFEST)).rejects.toMatchObject({
      name: "ClientError",
      code: "DRY_RUN_UNSUPPORTED",
    });
    expect(requests.map(({ method }) => method)).toEqual(["GET"]);
  });

  const change = { kind: "package", change: "changed", subject: "a", sentence: "It rises." };
  const data = {
    missingAcknowledgments: 1,
    missingUsers: ["b", "a"],
    dryRun: true,
    kind: "full",
    renewedRecoveryKeys: [],
    changes: [change],
    warnings: null,
  };

  test.each([success({}), failure(500, "no collateral")])(
    "asks a server that has our routes",
    async (collateral) => {
      const { client } = routesOf({
        "GET /api/v2/collateral": collateral,
        "POST /api/v2/update?dryRun=true": success(data),
      });
      await expect(client.dryRunUpdate(MANIFEST)).resolves.toEqual({
        missingAcknowledgments: 1,
        missingUsers: ["a", "b"],
        kind: "full",
        renewedRecoveryKeys: [],
        changes: [change],
        warnings: [],
      });
    },
  );

  test("is not believed without the word for it", async () => {
    const { client } = routesOf({
      "GET /api/v2/collateral": success({}),
      "POST /api/v2/update?dryRun=true": success({ ...data, dryRun: null }),
    });
    await expect(client.dryRunUpdate(MANIFEST)).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
  });
});

describe("a pending update", () => {
  test.each(["GET /api/v2/update-manifest", "GET /update-manifest"])(
    "comes byte for byte from %s, users sorted",
    async (route) => {
      const { client } = routesOf({ [route]: pending("2 users", ["b", "a"]) });
      await expect(client.getPendingUpdate()).resolves.toEqual({
        manifest: MANIFEST,
        message: "2 users",
        missingUsers: ["a", "b"],
      });
    },
  );

  test("that there is none is NO_UPDATE in every call", async () => {
    const none = failure(404, "no update in progress");
    for (const prefix of ["/api/v2", ""]) {
      const { client } = routesOf({
        [`GET ${prefix}/update-manifest`]: none,
        [`POST ${prefix}/update-manifest`]: none,
        [`POST ${prefix}/update-cancel`]: none,
      });
      const calls = [
        client.getPendingUpdate(),
        client.acknowledgeUpdate(MANIFEST),
        client.cancelUpdate(),
      ];
      for (const call of calls) {
        await expect(call).rejects.toMatchObject({
          code: "NO_UPDATE",
          message: "no update in progress",
        });
      }
    }
  });

  test("is acknowledged with its bytes, and new recovery secrets come back", async () => {
    const { client, requests } = routesOf({
      "POST /api/v2/update-manifest": success({
        message: "applied",
        missingUsers: null,
        missingAcknowledgments: 0,
        recoverySecrets: { k: "AAE=" },
      }),
    });
    await expect(client.acknowledgeUpdate(MANIFEST)).resolves.toEqual({
      message: "applied",
      missingUsers: [],
      missingAcknowledgments: 0,
      recoverySecrets: new Map([["k", new Uint8Array([0, 1])]]),
    });
    expect(requests).toMatchObject([{ body: BODY, identity }]);
  });

  test("is acknowledged on an old server, which says less", async () => {
    const { client, requests } = routesOf({
      "POST /update-manifest": success("1 user still needs to acknowledge the update manifest"),
      "GET /update-manifest": pending("1 user still needs to", ["b"]),
    });
    await expect(client.acknowledgeUpdate(MANIFEST)).resolves.toMatchObject({
      message: "1 user still needs to acknowledge the update manifest",
      missingAcknowledgments: 1,
      missingUsers: ["b"],
    });
    expect(requests[1]?.body).toEqual(MANIFEST);
  });

  test.each([
    ["POST /api/v2/update-cancel", { message: "Update successfully cancelled" }],
    ["POST /update-cancel", "Update successfully cancelled"],
  ])("is cancelled by %s", async (route, data) => {
    const { client } = routesOf({ [route]: success(data) });
    await expect(client.cancelUpdate()).resolves.toBe("Update successfully cancelled");
  });
});
