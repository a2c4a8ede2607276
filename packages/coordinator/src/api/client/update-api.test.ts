import { X509Certificate } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { HttpCall } from "../../testing/http-client.ts";
import { createUpdateWorld, raise, type UpdateWorld, v1, v2 } from "../../testing/update-world.ts";

let world: UpdateWorld;

beforeAll(async () => {
  world = await createUpdateWorld();
});
beforeEach(async () => await world.begin());
afterAll(async () => {
  await world.running.close();
  await world.machine.close();
});

describe("a package update", () => {
  test("blocks older marbles, and leaves the manifest as it was set", async () => {
    const before = await world.call({ path: "/api/v2/manifest" });
    expect((await world.activate("web")).kind).toBe("accepted");
    const answer = await world.call(v2("update", world.anna, raise(4)));
    expect(answer).toEqual({
      status: 200,
      json: { status: "success", data: { missingAcknowledgments: 0, missingUsers: null } },
    });
    expect(await world.activate("web")).toMatchObject({ code: "PACKAGE_SECURITY_VERSION" });
    expect((await world.activate("web", 4)).kind).toBe("accepted");
    expect(await world.call({ path: "/api/v2/manifest" })).toEqual(before);
    const { json } = await world.call({ path: "/api/v2/update" });
    expect(JSON.parse(json.data.updateLog[1])).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      update: "SecurityVersion increased",
      user: "anna",
      package: "p",
      "new version": 4,
    });
  });

  test("shows the new chain on both ports, under the old root", async () => {
    const before = await world.chain();
    const shownBefore = await world.meshCertificate();
    await world.call(v2("update", world.anna, raise(3)));
    const after = await world.chain();
    expect(after.root).toBe(before.root);
    expect(after.intermediate).not.toBe(before.intermediate);
    const shown = await world.meshCertificate();
    expect(shown).not.toBe(shownBefore);
    const [leaf, issuer] = [shown, after.intermediate ?? ""].map(
      (text) => new X509Certificate(Buffer.from(text, "base64")),
    );
    expect(leaf?.publicKey.equals(issuer?.publicKey ?? leaf.publicKey)).toBe(true);
  });

  test("survives a restart", async () => {
    await world.call(v2("update", world.anna, raise(4)));
    const before = await world.chain();
    await world.running.close();
    world.running = await world.machine.start();
    expect(await world.chain()).toEqual(before);
    expect(await world.activate("web")).toMatchObject({ code: "PACKAGE_SECURITY_VERSION" });
    expect((await world.activate("web", 4)).kind).toBe("accepted");
  });

  test.each<[string, () => HttpCall, number, object]>([
    [
      "to a lower version",
      () => v2("update", world.anna, raise(2)),
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
      () => v1("update", world.anna, raise(2)),
      400,
      { status: "error", code: "UPDATE_DOWNGRADE" },
    ],
    [
      "by another user",
      () => v2("update", world.bert, raise(4)),
      500,
      { status: "error", code: "PERMISSION_DENIED" },
    ],
    [
      "by another user in v1",
      () => v1("update", world.bert, raise(4)),
      400,
      { status: "error", code: "PERMISSION_DENIED" },
    ],
    [
      "of nothing",
      () => v2("update", world.anna, utf8('{"Packages":{}}')),
      500,
      { status: "error", code: "UPDATE_INVALID" },
    ],
    [
      "of no JSON",
      () => v2("update", world.anna, utf8("{")),
      500,
      { status: "error", code: "JSON_SYNTAX" },
    ],
    [
      "of no JSON in v1",
      () => v1("update", world.anna, "{"),
      400,
      { status: "error", code: "JSON_SYNTAX" },
    ],
    [
      "of trailing data in v1",
      () => v1("update", world.anna, `${new TextDecoder().decode(raise(4))}x`),
      400,
      { status: "error", code: "JSON_TRAILING" },
    ],
    [
      "without body",
      () => ({ ...v2("update", world.anna, raise(4)), body: "" }),
      400,
      { status: "fail", code: "JSON_EMPTY" },
    ],
    [
      "in another type",
      () => ({ ...v2("update", world.anna, raise(4)), body: '{"manifest":{}}' }),
      400,
      { status: "fail", code: "JSON_TYPE" },
    ],
  ])("%s is refused", async (_, request, status, envelope) => {
    const answer = await world.call(request());
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject(envelope);
    expect(await world.logged()).toEqual(["Initial manifest set"]);
  });

  test("in v1 answers null", async () => {
    expect(await world.call(v1("update", world.anna, raise(4)))).toEqual({
      status: 200,
      json: { status: "success", data: null },
    });
  });
});

describe("a call of v1", () => {
  test.each<[string, HttpCall, boolean]>([
    ["the update log", { path: "/update" }, true],
    ["the manifest", { path: "/manifest" }, true],
    ["the pending update", { path: "/update-manifest" }, false],
    ["a cancellation", { method: "POST", path: "/update-cancel" }, false],
  ])("for %s is noted as deprecated: %#", async (_, request, noted) => {
    await world.call(request);
    const notes = world.running.log.records.filter(
      ({ message }) => message === "deprecated v1 route used",
    );
    expect(notes.length > 0).toBe(noted);
  });
});

test("updates need a state that accepts marbles", async () => {
  await world.running.close();
  world.machine.files.clear();
  world.running = await world.machine.start();
  for (const request of [
    v2("update", world.anna, world.next()),
    v1("update-cancel", world.anna, ""),
  ]) {
    expect((await world.call(request)).status).toBe(401);
  }
  expect(await world.call({ path: "/api/v2/update-manifest" })).toMatchObject({ status: 404 });
  expect(await world.call({ path: "/api/v2/update" })).toMatchObject({
    status: 500,
    json: { message: "server is not in expected state" },
  });
});
