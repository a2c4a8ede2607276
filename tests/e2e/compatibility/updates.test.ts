import { verify, X509Certificate } from "node:crypto";
import { encodeOeQuote } from "@carrara/attestation";
import { createTestUser, type TestUser } from "@carrara/coordinator/testing";
import { toHex } from "@carrara/encoding";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { MARBLE } from "../support/coordinator.ts";
import {
  base64,
  createFlowWorld,
  createRecoveryOwner,
  type FlowAnswer,
  type FlowWorld,
  recoverySecretsIn,
} from "../support/flow-world.ts";
import { goManifest, type ManifestSections } from "../support/go-manifest.ts";
import { dial, serve, startMarble, tryMarble, UNTRUSTED } from "../support/plain-marble.ts";

const PACKAGE = {
  SignerID: toHex(MARBLE.mrSigner),
  ProductID: MARBLE.isvProdId,
  SecurityVersion: MARBLE.isvSvn,
};
const MARBLES = { server: { Package: "backend" }, client: { Package: "backend" } };
const ROLES = {
  update: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
  raise: {
    ResourceType: "Packages",
    ResourceNames: ["backend"],
    Actions: ["UpdateSecurityVersion"],
  },
};

let world: FlowWorld;
let anna: TestUser;
let bert: TestUser;

beforeAll(async () => {
  [world, anna, bert] = await Promise.all([createFlowWorld(), createTestUser(), createTestUser()]);
});

beforeEach(async () => await world.fresh());

afterAll(async () => await world.close());

/** A manifest that one user, or two together, may update. */
function manifestOf(users: readonly TestUser[], sections: ManifestSections = {}): string {
  const Users = users.map(({ pem }, i) => [
    ["anna", "bert"][i],
    { Certificate: pem, Roles: ["update", "raise"] },
  ]);
  return goManifest({
    Packages: { backend: PACKAGE },
    Marbles: MARBLES,
    Users: Object.fromEntries(Users),
    Roles: ROLES,
    ...sections,
  });
}

async function update(user: TestUser, manifest: string, path = "update"): Promise<FlowAnswer> {
  return await world.call(path, { user, body: { manifest: base64(manifest) } });
}

describe("ManifestUpdate", () => {
  test("a package update blocks old marbles, and cannot be taken back", async () => {
    await world.setManifest(manifestOf([anna]));
    const attested = { type: "server", attested: true };
    const running = await startMarble(world.coordinator, attested);
    const raised = goManifest({ Packages: { backend: { SecurityVersion: MARBLE.isvSvn + 1 } } });
    expect((await update(anna, raised)).status).toBe(200);
    expect(await tryMarble(world.coordinator, attested)).toMatchObject({
      status: "PERMISSION_DENIED",
    });
    expect(await update(anna, goManifest({ Packages: { backend: PACKAGE } }))).toMatchObject({
      status: 500,
    });
    const lowered = goManifest({ Packages: { backend: { SecurityVersion: MARBLE.isvSvn } } });
    expect(await update(anna, lowered)).toMatchObject({
      message: expect.stringContaining(
        "update manifest tries to downgrade SecurityVersion of the original manifest",
      ),
    });
    // Marbles from before and after do not trust each other (section 10.5).
    const server = await serve(running, { clientAuth: true });
    const later = await startMarble(world.coordinator, { type: "client" });
    expect(await dial(server.port, later)).toMatch(UNTRUSTED);
    await server.close();
  });
});

describe("MultiPartyManifestUpdate", () => {
  test("takes effect when both have agreed, and the removed marble is gone", async () => {
    await world.setManifest(manifestOf([anna, bert]));
    expect(await tryMarble(world.coordinator, { type: "client" })).toHaveProperty("env");
    const next = manifestOf([anna, bert], { Marbles: { server: { Package: "backend" } } });
    expect(await update(anna, next)).toMatchObject({
      status: 200,
      data: { missingAcknowledgments: 1, missingUsers: ["bert"] },
    });
    expect((await world.call("update-manifest")).data).toMatchObject({
      manifest: base64(next),
      message: "1 user still needs to acknowledge the update manifest",
    });
    expect(await tryMarble(world.coordinator, { type: "client" })).toHaveProperty("env");
    expect((await update(bert, next, "update-manifest")).data).toEqual({
      message: "All users have acknowledged the update manifest. Update successfully applied",
      missingUsers: null,
      missingAcknowledgments: 0,
    });
    expect(await tryMarble(world.coordinator, { type: "client" })).toMatchObject({
      status: "PERMISSION_DENIED",
    });
    expect(await tryMarble(world.coordinator, { type: "server" })).toHaveProperty("env");
    expect(await world.call("update-manifest")).toMatchObject({
      status: 404,
      message: "no update in progress",
    });
  });

  test("is withdrawn by either", async () => {
    await world.setManifest(manifestOf([anna, bert]));
    await update(anna, manifestOf([anna]));
    expect((await world.call("update-cancel", { user: bert, body: {} })).data).toEqual({
      message: "Update successfully cancelled",
    });
    expect((await world.call("update-cancel", { user: bert, body: {} })).status).toBe(404);
  });
});

describe("RootSecretRotation", () => {
  test("changes secrets only while it is on, keeps the previous ones and the Root", async () => {
    const Env = {
      SHARED: "{{ hex .Secrets.shared }} {{ hex .Previous.Secrets.shared }}",
      OWN: "{{ hex .Secrets.own }} {{ hex .Previous.Secrets.own }}",
    };
    const rotating = (RotateRootSecret: boolean) =>
      manifestOf([anna], {
        Marbles: { server: { Package: "backend", Env } },
        Secrets: {
          shared: { Type: "symmetric-key", Size: 128, Shared: true },
          own: { Type: "symmetric-key", Size: 128 },
        },
        Config: { RotateRootSecret },
      });
    const uuid = crypto.randomUUID();
    const secrets = async () => {
      const { env } = await startMarble(world.coordinator, { type: "server", uuid });
      return ["SHARED", "OWN"].map((name) => env[name]?.split(" ") ?? []);
    };
    const { root } = await world.certificates();
    await world.setManifest(rotating(false));
    const first = (await secrets()).map(([now = "", before]) => {
      expect(before).toBe(now);
      return now;
    });
    await update(anna, rotating(true));
    const second = (await secrets()).map(([now = "", before], i) => {
      expect(now).not.toBe(first[i]);
      expect(before).toBe(first[i]);
      return now;
    });
    await update(anna, rotating(false));
    expect(await secrets()).toEqual(second.map((now, i) => [now, first[i]]));
    await update(anna, rotating(true));
    const third = (await secrets()).map(([now = "", before], i) => {
      expect(now).not.toBe(second[i]);
      expect(before).toBe(second[i]);
      return now;
    });
    await world.restart();
    expect(await secrets()).toEqual(third.map((now, i) => [now, second[i]]));
    expect(await world.status(root)).toBe(3);
  });
});

describe("RecoveryKeyChange", () => {
  test("an update with other recovery keys returns their secrets, which recover", async () => {
    const owners = await Promise.all([1, 2, 3].map(createRecoveryOwner));
    const [before, ...after] = owners;
    const keys = (all: typeof owners) =>
      Object.fromEntries(all.map(({ publicKeyPem }, i) => [`owner${i}`, publicKeyPem]));
    await world.setManifest(
      manifestOf([anna], { RecoveryKeys: keys(before === undefined ? [] : [before]) }),
    );
    const { root } = await world.certificates();
    const changed = recoverySecretsIn(
      await update(anna, manifestOf([anna], { RecoveryKeys: keys(after) })),
    );
    expect(Object.keys(changed).sort()).toEqual(["owner0", "owner1"]);
    await world.loseKey();
    expect(await world.status()).toBe(1);
    const remaining = [];
    for (const [i, owner] of after.entries()) {
      const body = owner.submission(owner.decrypt(changed[`owner${i}`]));
      remaining.push((await world.call("recover", { body })).data?.["remaining"]);
    }
    expect(remaining).toEqual([1, 0]);
    expect(await world.status(root)).toBe(3);
  });
});

describe("SignQuote", () => {
  test("a verified quote is signed with its status by Root", async () => {
    await world.setManifest(
      manifestOf([anna], { Config: { FeatureGates: ["SignQuoteEndpoint"] } }),
    );
    const { platform } = world.coordinator;
    const evidence = await platform.teeFor(MARBLE).getEvidence(new Uint8Array(32));
    const sgxQuote = base64(encodeOeQuote(evidence));
    const { data } = await world.call("sign-quote", { body: { sgxQuote } });
    expect(data?.["tcbStatus"]).toBe("UpToDate");
    const signature = Buffer.from(String(data?.["verificationSignature"]), "base64");
    const { publicKey } = new X509Certificate((await world.certificates()).root);
    const signed = Buffer.from(`${sgxQuote}UpToDate`);
    expect(verify("sha256", signed, publicKey, signature)).toBe(true);
  });
});
