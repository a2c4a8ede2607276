import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testManifest } from "../../testing/test-manifest.ts";
import type { TestUser } from "../../testing/test-user.ts";
import { createUpdateWorld, raise, type UpdateWorld, v2 } from "../../testing/update-world.ts";

let world: UpdateWorld;

beforeAll(async () => {
  world = await createUpdateWorld();
});
beforeEach(async () => await world.begin());
afterAll(async () => {
  await world.running.close();
  await world.machine.close();
});

describe("a dry run", () => {
  test("says what would happen, and nothing does", async () => {
    const before = [
      await world.chain(),
      await world.logged(),
      await world.call({ path: "/api/v2/manifest" }),
    ];
    const manifest = world.next({
      Marbles: { web: { Package: "p" } },
      RecoveryKeys: { owner: world.owner.pem },
    });
    const { status, json } = await world.call(v2("update?dryRun=true", world.anna, manifest));
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
    expect((await world.call({ path: "/api/v2/update-manifest" })).status).toBe(404);
    expect([
      await world.chain(),
      await world.logged(),
      await world.call({ path: "/api/v2/manifest" }),
    ]).toEqual(before);
  });

  test("of a package update says so", async () => {
    const { json } = await world.call(v2("update?dryRun=true", world.anna, raise(5)));
    expect(json.data).toMatchObject({ missingAcknowledgments: 0, kind: "package" });
    expect((await world.activate("web")).kind).toBe("accepted");
  });

  test.each<[string, string, () => TestUser, Uint8Array | undefined, number, string]>([
    [
      "what the update would be",
      "?dryRun=true",
      () => world.reader,
      undefined,
      500,
      "PERMISSION_DENIED",
    ],
    ["an unknown user", "?dryRun=true", () => world.stranger, undefined, 401, "USER_UNAUTHORIZED"],
    [
      "a manifest that would fail",
      "?dryRun=true",
      () => world.anna,
      testManifest({ RecoveryKeys: { r: "x" } }),
      500,
      "RECOVERY_KEY_INVALID",
    ],
    [
      "an answer that may be a typing error",
      "?dryRun=1",
      () => world.anna,
      undefined,
      400,
      "REQUEST_MALFORMED",
    ],
    [
      "two answers",
      "?dryRun=true&dryRun=no",
      () => world.anna,
      undefined,
      400,
      "REQUEST_MALFORMED",
    ],
  ])("refuses %s", async (_, query, who, manifest, status, code) => {
    const answer = await world.call(v2(`update${query}`, who(), manifest ?? world.next()));
    expect(answer).toMatchObject({ status, json: { code } });
    expect(await world.logged()).toEqual(["Initial manifest set"]);
  });

  test("that is not one updates", async () => {
    const { json } = await world.call(v2("update?dryRun=false", world.anna, raise(4)));
    expect(json.data).toEqual({ missingAcknowledgments: 0, missingUsers: null });
    expect(await world.logged()).toContain("SecurityVersion increased");
  });
});
