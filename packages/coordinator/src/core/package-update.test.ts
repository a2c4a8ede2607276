import { X509Certificate } from "node:crypto";
import { parseManifest } from "@carrara/manifest";
import { parseCertificate } from "@carrara/pki";
import { beforeAll, describe, expect, test } from "vitest";
import {
  afterPlan,
  runningState,
  stateManifest,
  TEST_CONTEXT,
  userOf,
} from "../testing/test-state.ts";
import { createTestUser } from "../testing/test-user.ts";
import { planUpdate } from "./plan-update.ts";
import type { RunningState } from "./state.ts";
import { decodeState, encodeState } from "./state-codec.ts";

let state: RunningState;

beforeAll(async () => {
  const [alice, bob] = await Promise.all([createTestUser(), createTestUser()]);
  state = await runningState({
    Packages: {
      p: { Debug: true, SecurityVersion: 3, AcceptedTCBStatuses: ["OutOfDate"] },
      q: { Debug: true },
      byHash: { Debug: true, UniqueID: "ab" },
    },
    Users: {
      alice: { Certificate: alice.pem, Roles: ["raise"] },
      bob: { Certificate: bob.pem, Roles: [] },
    },
    Roles: {
      raise: {
        ResourceType: "Packages",
        ResourceNames: ["p", "byHash"],
        Actions: ["UpdateSecurityVersion"],
      },
    },
  });
});

async function plan(packages: object, user = "alice") {
  const bytes = new TextEncoder().encode(JSON.stringify({ Packages: packages }));
  return await planUpdate(state, userOf(state, user), bytes, TEST_CONTEXT);
}

describe("a package update", () => {
  test.each<[string, object, string, string]>([
    ["of nobody who may", { p: { SecurityVersion: 4 } }, "bob", "PERMISSION_DENIED"],
    ["of another package", { q: { SecurityVersion: 4 } }, "alice", "PERMISSION_DENIED"],
    ["of an unknown package", { x: { SecurityVersion: 4 } }, "alice", "PERMISSION_DENIED"],
    [
      "of one that is not allowed too",
      { p: { SecurityVersion: 4 }, q: {} },
      "alice",
      "PERMISSION_DENIED",
    ],
    ["of no package", {}, "alice", "UPDATE_INVALID"],
    ["of no package by somebody", {}, "bob", "PERMISSION_DENIED"],
    ["with Debug", { p: { SecurityVersion: 4, Debug: true } }, "alice", "UPDATE_INVALID"],
    ["with UniqueID", { p: { SecurityVersion: 4, UniqueID: "a" } }, "alice", "UPDATE_INVALID"],
    ["with SignerID", { p: { SecurityVersion: 4, SignerID: "a" } }, "alice", "UPDATE_INVALID"],
    ["with ProductID", { p: { SecurityVersion: 4, ProductID: 0 } }, "alice", "UPDATE_INVALID"],
    ["without SecurityVersion", { p: {} }, "alice", "UPDATE_INVALID"],
    ["to a lower version", { p: { SecurityVersion: 2 } }, "alice", "UPDATE_DOWNGRADE"],
    [
      "to a lower version of one",
      { byHash: { SecurityVersion: 4 }, p: { SecurityVersion: 2 } },
      "alice",
      "UPDATE_DOWNGRADE",
    ],
  ])("%s is refused", async (_, packages, user, code) => {
    await expect(plan(packages, user)).rejects.toMatchObject({ name: "CoordinatorError", code });
  });

  test("to a lower version is refused with the text clients compare", async () => {
    await expect(plan({ p: { SecurityVersion: 2 } })).rejects.toThrow(
      "update manifest tries to downgrade SecurityVersion of the original manifest",
    );
  });

  test.each<[string, object, number | undefined]>([
    ["a higher version", { p: { SecurityVersion: 4 } }, 4],
    ["the same version", { p: { SecurityVersion: 3 } }, 3],
    ["lists that are ignored", { p: { SecurityVersion: 5, AcceptedTCBStatuses: ["x"] } }, 5],
  ])("to %s is in force at once", async (_, packages, version) => {
    const made = await plan(packages);
    const after = afterPlan(state, made);
    const { manifest } = after.deployment;
    expect(manifest.packages.get("p")).toEqual({
      ...state.deployment.manifest.packages.get("p"),
      securityVersion: version,
    });
    expect(made.progress).toEqual({
      missingAcknowledgments: 0,
      missingUsers: [],
      recoverySecrets: new Map(),
    });
    expect(after.pendingUpdate).toBeUndefined();
  });

  test("gives a package without version one", async () => {
    const after = afterPlan(state, await plan({ byHash: { SecurityVersion: 1 } }));
    expect(after.deployment.manifest.packages.get("byHash")?.securityVersion).toBe(1);
  });

  test("logs a line a package, exactly", async () => {
    const made = await plan({ p: { SecurityVersion: 4 }, byHash: { SecurityVersion: 1 } });
    expect(made.lines).toEqual([
      '{"time":"2026-08-03T09:15:00.123Z","update":"SecurityVersion increased","user":"alice","package":"p","new version":4}',
      '{"time":"2026-08-03T09:15:00.123Z","update":"SecurityVersion increased","user":"alice","package":"byHash","new version":1}',
    ]);
  });

  test("leaves manifest, fingerprint, signature and root, and survives sealing", async () => {
    const after = afterPlan(state, await plan({ p: { SecurityVersion: 9 } }));
    const { deployment, authority } = await decodeState(encodeState(after));
    expect(deployment?.manifestBytes).toEqual(state.deployment.manifestBytes);
    expect(deployment?.fingerprint).toBe(state.deployment.fingerprint);
    expect(deployment?.signature).toEqual(state.deployment.signature);
    expect(deployment?.manifest.packages.get("p")?.securityVersion).toBe(9);
    expect(deployment?.manifest.packages.get("q")?.securityVersion).toBeUndefined();
    expect(authority.root.certificate).toEqual(state.authority.root.certificate);
  });

  test("replaces intermediate and marble root with one key and all the names", async () => {
    const { authority } = afterPlan(state, await plan({ p: { SecurityVersion: 4 } }));
    const old = state.authority;
    expect(authority.marbleRoot).not.toEqual(old.marbleRoot);
    const [root, intermediate, marbleRoot] = [
      authority.root.certificate,
      authority.intermediate.certificate,
      authority.marbleRoot,
    ].map((bytes) => new X509Certificate(bytes));
    if (root === undefined || intermediate === undefined || marbleRoot === undefined) return;
    expect(intermediate.verify(root.publicKey)).toBe(true);
    expect(marbleRoot.publicKey.equals(intermediate.publicKey)).toBe(true);
    expect(intermediate.publicKey.equals(new X509Certificate(old.marbleRoot).publicKey)).toBe(
      false,
    );
    for (const each of [intermediate, marbleRoot]) {
      expect(each.subjectAltName).toBe(root.subjectAltName);
      expect(each.subjectAltName).toContain("10.0.0.7");
    }
    expect(parseCertificate(authority.root.certificate).serial).toEqual(
      parseCertificate(old.root.certificate).serial,
    );
  });

  test("of a manifest with another section is a full update", async () => {
    const bytes = stateManifest({ Packages: { p: { SecurityVersion: 4 } } });
    expect(parseManifest(bytes).marbles.size).toBe(1);
    await expect(
      planUpdate(state, userOf(state, "alice"), bytes, TEST_CONTEXT),
    ).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("update the manifest"),
    });
  });
});
