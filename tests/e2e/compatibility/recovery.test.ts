import { createPublicKey, publicEncrypt } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTestUser, type TestUser } from "@carrara/coordinator/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  base64,
  createFlowWorld,
  createRecoveryOwner,
  type FlowAnswer,
  type FlowWorld,
  OAEP,
  type RecoveryOwner,
} from "../support/flow-world.ts";
import { goManifest } from "../support/go-manifest.ts";
import { dial, serve, startMarble, tryMarble, UNTRUSTED } from "../support/plain-marble.ts";

let world: FlowWorld;
let owners: readonly RecoveryOwner[];
let user: TestUser;

beforeAll(async () => {
  [world, user, ...owners] = await Promise.all([
    createFlowWorld(),
    createTestUser(),
    ...[1, 2, 3].map(createRecoveryOwner),
  ]);
});

beforeEach(async () => await world.fresh());

afterAll(async () => await world.close());

/** A manifest with the first `count` owners' recovery keys. */
function manifestOf(count: number, Config: object = {}): string {
  const keys = owners.slice(0, count).map(({ publicKeyPem }, i) => [`owner${i}`, publicKeyPem]);
  return goManifest({
    Packages: { backend: { Debug: true } },
    Marbles: { server: { Package: "backend" }, client: { Package: "backend" } },
    Users: { anna: { Certificate: user.pem, Roles: ["write"] } },
    Roles: {
      write: {
        ResourceType: "Secrets",
        ResourceNames: ["word"],
        Actions: ["ReadSecret", "WriteSecret"],
      },
    },
    Secrets: { word: { Type: "plain", UserDefined: true } },
    RecoveryKeys: Object.fromEntries(keys),
    Config,
  });
}

/** Sets the manifest; gives each owner with the plain secret. */
async function setWithOwners(count: number, Config?: object) {
  const handedOut = await world.setManifest(manifestOf(count, Config));
  expect(Object.keys(handedOut)).toHaveLength(count);
  return owners.slice(0, count).map((owner, i) => {
    const plain = owner.decrypt(handedOut[`owner${i}`]);
    return { plain, submit: (sent?: Uint8Array) => owner.submission(plain, sent) };
  });
}

async function recover(body: object | undefined): Promise<FlowAnswer> {
  return await world.call("recover", { body: body ?? {} });
}

/** The key under which secrets travel to a Coordinator in recovery mode. */
async function encryptForCoordinator(): Promise<(plain: Uint8Array) => Uint8Array> {
  const { data } = await world.call("recover/public-key");
  expect(data?.["algorithm"]).toBe("RSA");
  const der = Buffer.from(String(data?.["ephemeralPublicKey"]), "base64");
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  return (plain) => publicEncrypt({ key, ...OAEP }, plain);
}

/** Expects the old Root, now and after another restart. */
async function expectRestored(root: string): Promise<void> {
  expect(await world.status(root)).toBe(3);
  await world.restart();
  expect(await world.status(root)).toBe(3);
}

describe("RecoveryRestoreKey", () => {
  test.each(["", "ProductKey", "UniqueKey"])(
    "one key restores the old Root and all state, seal mode %j",
    async (SealMode) => {
      const [owner] = await setWithOwners(1, { SealMode });
      const { root } = await world.certificates();
      const secrets = { word: { Key: base64("kept") } };
      await world.call("secrets", { body: { secrets }, user });
      const server = await serve(await startMarble(world.coordinator, { type: "server" }), {
        clientAuth: true,
      });
      await world.loseKey();
      expect(await world.status()).toBe(1);
      await expect(world.status(root)).rejects.toMatchObject({
        code: expect.stringMatching(UNTRUSTED),
      });
      expect(await tryMarble(world.coordinator, { type: "client" })).toMatchObject({
        status: "FAILED_PRECONDITION",
      });
      expect(await recover(owner?.submit())).toMatchObject({
        status: 200,
        data: { remaining: 0, message: "Recovery successful." },
      });
      await expectRestored(root);
      const { data } = await world.call("secrets?s=word", { user, root });
      expect(data).toMatchObject({ secrets: { word: { Private: base64("kept") } } });
      const client = await startMarble(world.coordinator, { type: "client" });
      expect(await dial(server.port, client)).toBe(200);
      await server.close();
    },
  );
});

describe("RecoveryReset and MultiPartyRecoveryReset", () => {
  test.each([1, 2])("a new manifest starts over, with %i recovery keys", async (count) => {
    await setWithOwners(count);
    const { root } = await world.certificates();
    await world.loseKey();
    expect(await world.status()).toBe(1);
    await world.setManifest(manifestOf(count));
    expect(await world.status()).toBe(3);
    await expect(world.status(root)).rejects.toMatchObject({
      code: expect.stringMatching(UNTRUSTED),
    });
    await expectRestored((await world.certificates()).root);
  });
});

describe("MultiPartyRecoveryRestoreKey", () => {
  test("two plain secrets, one after the other", async () => {
    const [first, second] = await setWithOwners(2);
    const { root } = await world.certificates();
    await world.loseKey();
    expect((await recover(first?.submit())).data).toEqual({
      remaining: 1,
      message: "Secret was processed successfully. Upload the next secret. Remaining secrets: 1",
    });
    expect((await recover(first?.submit())).status).toBe(500);
    expect((await recover(second?.submit())).data).toMatchObject({ remaining: 0 });
    await expectRestored(root);
  });
});

describe("RecoveryEncryptedRecoverySecret", () => {
  test("the secret travels under the ephemeral key", async () => {
    const [owner] = await setWithOwners(1);
    const { root } = await world.certificates();
    await world.loseKey();
    const plain = owner?.plain ?? new Uint8Array();
    expect((await recover(owner?.submit(new Uint8Array(512)))).status).toBe(400);
    const encrypt = await encryptForCoordinator();
    expect((await recover(owner?.submit(encrypt(plain)))).data).toMatchObject({ remaining: 0 });
    await expectRestored(root);
  });
});

describe("ShamirRecovery and ShamirRecoveryEncryptedSecrets", () => {
  test.each([
    ["plain", false],
    ["encrypted", true],
  ])("two of three %s shares; the first leaves 2", async (_, encrypted) => {
    const [, second, third] = await setWithOwners(3, { RecoveryThreshold: 2 });
    expect(second?.plain).toHaveLength(33);
    const { root } = await world.certificates();
    await world.loseKey();
    const encrypt = encrypted ? await encryptForCoordinator() : (plain: Uint8Array) => plain;
    const remaining = [];
    for (const owner of [third, second]) {
      const { data } = await recover(owner?.submit(encrypt(owner.plain)));
      remaining.push(data?.["remaining"]);
    }
    expect(remaining).toEqual([2, 0]);
    await expectRestored(root);
  });
});

describe("RecoverySealedKeyStateBinding", () => {
  test("an old sealed_key beside newer data is refused by name", async () => {
    await setWithOwners(1);
    const file = join(world.coordinator.dir, "state", "sealed_key");
    const old = await readFile(file);
    const secrets = { word: { Key: base64("newer") } };
    expect((await world.call("secrets", { body: { secrets }, user })).status).toBe(200);
    await writeFile(file, old);
    expect(await world.coordinator.startAndFail()).not.toBe(0);
    expect(world.coordinator.log()).toContain("STATE_ROLLED_BACK");
  });
});
