import { constants, createHash, generateKeyPairSync, privateDecrypt, sign } from "node:crypto";
import { toBase64, utf8 } from "@carrara/encoding";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { HttpCall } from "../../testing/http-client.ts";
import { createUpdateWorld, raise, type UpdateWorld, v1, v2 } from "../../testing/update-world.ts";

const PENDING_ONE = "1 user still needs to acknowledge the update manifest";
const DONE = "All users have acknowledged the update manifest. Update successfully applied";

const fingerprint = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

let world: UpdateWorld;

beforeAll(async () => {
  world = await createUpdateWorld();
});
beforeEach(async () => await world.begin());
afterAll(async () => {
  await world.running.close();
  await world.machine.close();
});

describe("a full update of two", () => {
  test("waits, is shown to everybody, and is applied by the second", async () => {
    const manifest = world.next({ Marbles: { web: { Package: "p" } } });
    const started = await world.call(v2("update", world.anna, manifest));
    expect(started).toEqual({
      status: 200,
      json: { status: "success", data: { missingAcknowledgments: 1, missingUsers: ["bert"] } },
    });
    for (const path of ["/api/v2/update-manifest", "/update-manifest"]) {
      expect(await world.call({ path })).toEqual({
        status: 200,
        json: {
          status: "success",
          data: { manifest: toBase64(manifest), message: PENDING_ONE, missingUsers: ["bert"] },
        },
      });
    }
    expect((await world.activate("old")).kind).toBe("accepted");
    const again = await world.call(v2("update-manifest", world.anna, manifest));
    expect(again.json.data).toEqual({
      message: `${PENDING_ONE}.\nThe following users have not yet accepted: bert`,
      missingUsers: ["bert"],
      missingAcknowledgments: 1,
    });
    const last = await world.call(v2("update-manifest", world.bert, manifest));
    expect(last).toEqual({
      status: 200,
      json: {
        status: "success",
        data: { message: DONE, missingUsers: null, missingAcknowledgments: 0 },
      },
    });
    expect((await world.call({ path: "/api/v2/update-manifest" })).status).toBe(404);
    const { json } = await world.call({ path: "/api/v2/manifest" });
    expect(json.data.manifest).toBe(toBase64(manifest));
    expect(json.data.manifestFingerprint).toBe(fingerprint(manifest));
    expect(await world.activate("old")).toMatchObject({ code: "MARBLE_TYPE_UNKNOWN" });
    expect((await world.activate("web")).kind).toBe("accepted");
    expect(await world.logged()).toEqual([
      "Initial manifest set",
      "Complete Manifest update initiated by user. Waiting for acknowledgments to apply the update",
      "Complete Manifest update acknowledged by user",
      "Complete Manifest update acknowledged by user",
      "Complete Manifest updated",
    ]);
  });

  test("waits through a restart, and v1 speaks in texts", async () => {
    const manifest = world.next();
    expect((await world.call(v1("update", world.bert, manifest))).json).toEqual({
      status: "success",
      data: null,
    });
    await world.running.close();
    world.running = await world.machine.start();
    const first = await world.call(v1("update-manifest", world.bert, manifest));
    expect(first.json).toEqual({ status: "success", data: PENDING_ONE });
    const last = await world.call(v1("update-manifest", world.anna, manifest));
    expect(last.json).toEqual({ status: "success", data: DONE });
  });

  test.each<[string, string]>([
    ["/api/v2/update-cancel", "v2"],
    ["/update-cancel", "v1"],
  ])("is cancelled at %s", async (path, version) => {
    await world.call(v2("update", world.anna, world.next()));
    const text = "Update successfully cancelled";
    const answer = await world.call({ method: "POST", path, client: world.bert });
    expect(answer).toEqual({
      status: 200,
      json: { status: "success", data: version === "v1" ? text : { message: text } },
    });
    expect((await world.call({ method: "POST", path, client: world.bert })).status).toBe(404);
    expect((await world.logged()).at(-1)).toBe("Complete Manifest update cancelled by user");
  });

  test.each<[string, () => HttpCall, number, object]>([
    [
      "a second update",
      () => v2("update", world.bert, world.next()),
      500,
      { status: "error", code: "UPDATE_PENDING" },
    ],
    [
      "a second update in v1",
      () => v1("update", world.bert, world.next()),
      400,
      { status: "error", code: "UPDATE_PENDING" },
    ],
    [
      "a package update",
      () => v2("update", world.anna, raise(4)),
      500,
      { status: "error", code: "UPDATE_PENDING" },
    ],
    [
      "other bytes",
      () => v2("update-manifest", world.bert, utf8(`${new TextDecoder().decode(world.next())}\n`)),
      500,
      { status: "error", code: "UPDATE_MISMATCH" },
    ],
    [
      "other bytes in v1",
      () => v1("update-manifest", world.bert, "{}"),
      500,
      { status: "error", code: "UPDATE_MISMATCH" },
    ],
    [
      "one who was not asked",
      () => v2("update-manifest", world.reader, world.next()),
      500,
      { status: "error", code: "PERMISSION_DENIED" },
    ],
    [
      "a cancellation by one who may not",
      () => v1("update-cancel", world.reader, ""),
      500,
      { status: "error", code: "PERMISSION_DENIED" },
    ],
    [
      "a body that is no JSON",
      () => ({ ...v2("update-manifest", world.bert, world.next()), body: "{" }),
      400,
      { status: "fail", code: "JSON_SYNTAX" },
    ],
  ])("refuses %s and goes on waiting", async (_, request, status, envelope) => {
    await world.call(v2("update", world.anna, world.next()));
    const answer = await world.call(request());
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject(envelope);
    expect((await world.call({ path: "/api/v2/update-manifest" })).json.data.missingUsers).toEqual([
      "bert",
    ]);
  });

  test("that cannot be applied is gone, with the reason to the last caller", async () => {
    const manifest = world.next({ RecoveryKeys: { broken: "x" } });
    await world.call(v2("update", world.anna, manifest));
    const answer = await world.call(v2("update-manifest", world.bert, manifest));
    expect(answer.status).toBe(500);
    expect(answer.json).toMatchObject({ status: "error", code: "RECOVERY_KEY_INVALID" });
    expect((await world.call({ path: "/api/v2/update-manifest" })).json).toMatchObject({
      message: "no update in progress",
      code: "NO_UPDATE",
    });
    expect((await world.logged()).at(-1)).toBe(
      "Complete Manifest update cancelled due to error during apply",
    );
  });
});

describe("what an update leaves and renews", () => {
  const alone = { Config: { UpdateThreshold: 1 } };

  beforeEach(async () => {
    const manifest = world.next({ ...alone, RecoveryKeys: { owner: world.owner.pem } });
    await world.call(v2("update", world.anna, manifest));
    await world.call(v2("update-manifest", world.bert, manifest));
  });

  test("activations count on", async () => {
    for (let i = 0; i < 2; i += 1) expect((await world.activate("web")).kind).toBe("accepted");
    expect((await world.call(v2("update", world.anna, world.next(alone)))).status).toBe(200);
    expect((await world.activate("web")).kind).toBe("accepted");
    expect(await world.activate("web")).toMatchObject({ code: "ACTIVATION_LIMIT" });
  });

  test("a rotated root secret gives marbles other keys, and the certificate changes", async () => {
    const read = async () =>
      (await world.call({ path: "/api/v2/secrets?s=shared", client: world.reader })).json.data
        .secrets.shared;
    const ownKey = async () => {
      const outcome = await world.activate("web");
      return outcome.kind === "accepted"
        ? new TextDecoder().decode(outcome.parameters.Env["X"])
        : "";
    };
    const before = [await ownKey(), (await read()).Cert];
    await world.call(v2("update", world.anna, world.next(alone)));
    const between = [await ownKey(), (await read()).Cert];
    expect(between[0]).toBe(before[0]);
    expect(between[1]).not.toBe(before[1]);
    await world.call(
      v2("update", world.anna, world.next({ Config: { ...alone.Config, RotateRootSecret: true } })),
    );
    expect(await ownKey()).not.toBe(before[0]);
  });

  test("changed recovery keys give the caller secrets that recover the state", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    const same = await world.call(
      v2("update", world.anna, world.next({ ...alone, RecoveryKeys: { owner: world.owner.pem } })),
    );
    expect(same.json.data).not.toHaveProperty("recoverySecrets");
    const { json } = await world.call(
      v2("update", world.anna, world.next({ ...alone, RecoveryKeys: { new: pem } })),
    );
    expect(Object.keys(json.data.recoverySecrets)).toEqual(["new"]);
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const encrypted = Buffer.from(json.data.recoverySecrets.new, "base64");
    const secret = privateDecrypt({ key: privateKey, padding, oaepHash: "sha256" }, encrypted);
    const before = await world.chain();
    await world.running.close();
    world.machine.files.delete("sealed_key");
    world.running = await world.machine.start();
    expect((await world.call({ path: "/api/v2/status" })).json.data.code).toBe(1);
    const body = JSON.stringify({
      recoverySecret: toBase64(secret),
      recoverySecretSignature: toBase64(sign("sha256", secret, privateKey)),
    });
    const recovered = await world.call({ path: "/api/v2/recover", body });
    expect(recovered.json.data).toMatchObject({ remaining: 0 });
    expect(await world.chain()).toEqual(before);
  });

  test("a removed user is refused from then on", async () => {
    const { bert: _gone, ...left } = world.sections["Users"] as Record<string, unknown>;
    await world.call(v2("update", world.anna, world.next({ ...alone, Users: left })));
    const answer = await world.call(v2("update", world.bert, world.next(alone)));
    expect(answer).toMatchObject({ status: 401, json: { code: "USER_UNAUTHORIZED" } });
  });
});
