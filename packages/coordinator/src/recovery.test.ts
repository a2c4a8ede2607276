import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign,
} from "node:crypto";
import { toBase64 } from "@carrara/encoding";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { callHttps } from "./testing/http-client.ts";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "./testing/test-coordinator.ts";
import { testManifest } from "./testing/test-manifest.ts";
import { callActivate, prepareMarble } from "./testing/test-marble.ts";

const KEY_BITS = 2048;
const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };

interface Owner {
  readonly name: string;
  readonly key: KeyObject;
  readonly pem: string;
}

let owners: readonly Owner[];
let machine: TestMachine;

beforeAll(() => {
  owners = ["anna", "bert", "carl"].map((name) => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: KEY_BITS });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    return { name, key: privateKey, pem };
  });
});

beforeEach(async () => {
  machine = await createTestMachine();
});

afterEach(async () => await machine.close());

/** Sets a manifest with the first `count` owners and returns their plain secrets. */
async function setWithOwners(
  to: TestCoordinator,
  count: number,
  config: object = {},
): Promise<readonly Uint8Array[]> {
  const keys = owners.slice(0, count);
  const RecoveryKeys = Object.fromEntries(keys.map(({ name, pem }) => [name, pem]));
  const secrets = await to.coordinator.setManifest(
    testManifest({ RecoveryKeys, Config: config, ...LIMITED }),
  );
  return keys.map(({ name, key }) =>
    privateDecrypt({ key, ...OAEP }, secrets.get(name) ?? new Uint8Array()),
  );
}

const LIMITED = { Marbles: { web: { Package: "p", MaxActivations: 5 } } };

async function status(of: TestCoordinator): Promise<number> {
  const { text } = await callHttps(of.clientPort, { path: "/api/v2/status" });
  return JSON.parse(text).data.code;
}

async function submit(to: TestCoordinator, secret: Uint8Array, signature: Uint8Array) {
  const body = JSON.stringify({
    recoverySecret: toBase64(secret),
    recoverySecretSignature: toBase64(signature),
  });
  const answer = await callHttps(to.clientPort, { path: "/api/v2/recover", body });
  return { ...JSON.parse(answer.text), status: answer.status };
}

/** Submits the plain secret of owner `index`, signed by `signer`. */
async function recoverAs(
  to: TestCoordinator,
  secrets: readonly Uint8Array[],
  index: number,
  signer = index,
) {
  const secret = secrets[index] ?? new Uint8Array();
  const key = owners[signer]?.key;
  if (key === undefined) throw new TypeError("no such owner");
  return await submit(to, secret, sign("sha256", secret, key));
}

async function rootOf(of: TestCoordinator): Promise<string> {
  return (await of.coordinator.quote(new Uint8Array())).certificateChain;
}

/** Restarts without `sealed_key`, as a move to another machine would. */
async function restartLocked(before: TestCoordinator): Promise<TestCoordinator> {
  await before.close();
  machine.files.delete("sealed_key");
  const after = await machine.start();
  expect(await status(after)).toBe(1);
  return after;
}

const DONE = { status: 200, data: { remaining: 0, message: "Recovery successful." } };

describe("a restart", () => {
  test("keeps root, manifest and activation counts", async () => {
    const first = await machine.start();
    await setWithOwners(first, 0);
    const root = await rootOf(first);
    const { identity, fields } = await prepareMarble("web", machine.teeFor());
    await callActivate(first.meshPort, identity, fields);
    await first.close();
    const second = await machine.start();
    expect(await status(second)).toBe(3);
    expect(await rootOf(second)).toBe(root);
    for (let i = 0; i < 4; i += 1) {
      expect(await callActivate(second.meshPort, identity, fields)).toMatchObject({
        kind: "accepted",
      });
    }
    expect(await callActivate(second.meshPort, identity, fields)).toMatchObject({
      code: "ACTIVATION_LIMIT",
    });
  });

  test("before the first manifest makes a new root", async () => {
    const first = await machine.start();
    const root = await rootOf(first);
    await first.close();
    expect(machine.files.size).toBe(0);
    expect(await rootOf(await machine.start())).not.toBe(root);
  });

  test("as a newer build opens the state of ProductKey, but not of UniqueKey", async () => {
    for (const [SealMode, code] of [
      ["ProductKey", 3],
      ["UniqueKey", 1],
    ] as const) {
      machine.files.clear();
      const first = await machine.start();
      await setWithOwners(first, 0, { SealMode });
      await first.close();
      const next = { mrEnclave: new Uint8Array(32).fill(9), isvSvn: 4 };
      expect(await status(await machine.start({ identity: next }))).toBe(code);
      expect(await status(await machine.start())).toBe(3);
    }
  });

  test("on another machine leads to recovery mode", async () => {
    const first = await machine.start();
    await setWithOwners(first, 0);
    const other = await createTestMachine();
    for (const [name, bytes] of machine.files) other.files.set(name, bytes);
    expect(await status(await other.start())).toBe(1);
    await other.close();
  });

  test("with SealMode Disabled starts over", async () => {
    const first = await machine.start();
    await setWithOwners(first, 0, { SealMode: "Disabled" });
    expect(await status(first)).toBe(3);
    expect(machine.files.size).toBe(0);
    expect(await status(await machine.start())).toBe(2);
  });

  test("over changed data fails with STATE_TAMPERED", async () => {
    const first = await machine.start();
    await setWithOwners(first, 0);
    await first.close();
    const data = machine.files.get("sealed_data")?.slice() ?? new Uint8Array();
    data[data.length - 20] = (data[data.length - 20] ?? 0) ^ 1;
    machine.files.set("sealed_data", data);
    await expect(machine.start()).rejects.toMatchObject({
      name: "CoordinatorError",
      code: "STATE_TAMPERED",
    });
  });
});

describe("a restart over a state of two times", () => {
  test.each([["sealed_data"], ["sealed_key"], ["sealed_data", "sealed_key"]])(
    "with older %s %s fails with STATE_ROLLED_BACK",
    async (...names) => {
      const first = await machine.start();
      await setWithOwners(first, 0);
      const old = new Map(machine.files);
      const { identity, fields } = await prepareMarble("web", machine.teeFor());
      await callActivate(first.meshPort, identity, fields);
      await first.close();
      for (const name of names) machine.files.set(name, old.get(name) ?? new Uint8Array());
      await expect(machine.start()).rejects.toMatchObject({
        name: "CoordinatorError",
        code: "STATE_ROLLED_BACK",
      });
    },
  );
});

describe("a restart over a state that another version sealed", () => {
  async function sealedIn(format: string): Promise<string> {
    machine.files.clear();
    const before = await machine.start();
    await before.coordinator.setManifest(testManifest());
    await before.close();
    const key = machine.files.get("sealed_key") ?? new Uint8Array();
    machine.files.set("sealed_key", Buffer.concat([Buffer.from(format), key.subarray(8)]));
    const files = new Map(machine.files);
    const code = await machine.start().then(
      async (started) => {
        const now = String(await status(started));
        await started.close();
        return now;
      },
      (error: { code?: string }) => error.code ?? "",
    );
    // Whatever it was, nothing was written over it.
    expect(machine.files).toEqual(files);
    return code;
  }

  test.each(["CARRARA1", "CARRARA3"])("of Carrara, %s, is refused by name", async (format) => {
    expect(await sealedIn(format)).toBe("STATE_FORMAT");
  });

  test.each(["MARBLER2", "CARRARA\u0000"])("of something else, %j, is locked", async (format) => {
    expect(await sealedIn(format)).toBe("1");
  });
});

describe("recovery", () => {
  test("with one key restores root and counts, and lasts", async () => {
    const first = await machine.start();
    const secrets = await setWithOwners(first, 1);
    const root = await rootOf(first);
    const second = await restartLocked(first);
    expect(await rootOf(second)).not.toBe(root);
    expect(await recoverAs(second, secrets, 0)).toMatchObject(DONE);
    expect(await status(second)).toBe(3);
    expect(await rootOf(second)).toBe(root);
    const pinned = root.split(/(?<=-----END CERTIFICATE-----\n)/)[1] ?? "";
    const answer = await callHttps(second.clientPort, { path: "/api/v2/status", root: pinned });
    expect(answer.status).toBe(200);
    const { identity, fields } = await prepareMarble("web", machine.teeFor());
    expect(await callActivate(second.meshPort, identity, fields)).toMatchObject({
      kind: "accepted",
    });
    await second.close();
    expect(await status(await machine.start())).toBe(3);
  });

  test("answers a wrong single key with one remaining, and goes on", async () => {
    const first = await machine.start();
    const secrets = await setWithOwners(first, 1);
    const second = await restartLocked(first);
    expect(await submit(second, new Uint8Array(32), new Uint8Array(256))).toMatchObject({
      status: 200,
      data: {
        remaining: 1,
        message: "Secret was processed successfully. Upload the next secret. Remaining secrets: 1",
      },
    });
    expect(await recoverAs(second, secrets, 0)).toMatchObject(DONE);
  });

  test("needs every key of several, in any order", async () => {
    const first = await machine.start();
    const secrets = await setWithOwners(first, 3);
    const second = await restartLocked(first);
    expect(await recoverAs(second, secrets, 2)).toMatchObject({ data: { remaining: 2 } });
    expect(await recoverAs(second, secrets, 2)).toMatchObject({
      status: 500,
      code: "RECOVERY_SECRET_INVALID",
    });
    expect(await recoverAs(second, secrets, 0)).toMatchObject({ data: { remaining: 1 } });
    expect(await recoverAs(second, secrets, 1)).toMatchObject(DONE);
  });

  test("needs a threshold of several where the manifest says so", async () => {
    const first = await machine.start();
    const secrets = await setWithOwners(first, 3, { RecoveryThreshold: 2 });
    expect(secrets.map(({ length }) => length)).toEqual([33, 33, 33]);
    const second = await restartLocked(first);
    expect(await recoverAs(second, secrets, 2)).toMatchObject({ data: { remaining: 2 } });
    expect(await recoverAs(second, secrets, 0)).toMatchObject(DONE);
  });

  test("takes secrets encrypted to its ephemeral key", async () => {
    const first = await machine.start();
    const [secret = new Uint8Array()] = await setWithOwners(first, 1);
    const second = await restartLocked(first);
    const path = "/api/v2/recover/public-key";
    const { data } = JSON.parse((await callHttps(second.clientPort, { path })).text);
    expect(data.algorithm).toBe("RSA");
    const spki = Buffer.from(data.ephemeralPublicKey, "base64");
    const key = createPublicKey({ key: spki, format: "der", type: "spki" });
    const owner = owners[0]?.key;
    if (owner === undefined) throw new TypeError("no owner");
    const signature = sign("sha256", secret, owner);
    const answer = await submit(second, publicEncrypt({ key, ...OAEP }, secret), signature);
    expect(answer).toMatchObject(DONE);
  });

  test.each([
    ["a foreign signature", 1],
    ["no signature", undefined],
  ])("is refused with %s, and can be repeated", async (_, signer) => {
    const first = await machine.start();
    const secrets = await setWithOwners(first, 1);
    const second = await restartLocked(first);
    const refused =
      signer === undefined
        ? await submit(second, secrets[0] ?? new Uint8Array(), new Uint8Array())
        : await recoverAs(second, secrets, 0, signer);
    expect(refused).toMatchObject({ status: 500, code: "RECOVERY_SIGNATURE_INVALID" });
    expect(await status(second)).toBe(1);
    expect(await recoverAs(second, secrets, 0)).toMatchObject(DONE);
  });

  test("is refused when one owner signs for two", async () => {
    const first = await machine.start();
    const secrets = await setWithOwners(first, 2);
    const second = await restartLocked(first);
    await recoverAs(second, secrets, 0);
    expect(await recoverAs(second, secrets, 1, 0)).toMatchObject({
      code: "RECOVERY_SIGNATURE_INVALID",
    });
    await recoverAs(second, secrets, 0);
    expect(await recoverAs(second, secrets, 1)).toMatchObject(DONE);
  });

  test.each<[string, string, number, string]>([
    ["broken JSON", "{", 400, "JSON_SYNTAX"],
    [
      "a secret of a wrong length",
      '{"recoverySecret":"AAAA"}',
      400,
      "RECOVERY_SECRET_UNDECRYPTABLE",
    ],
    [
      "a share where none are",
      `{"recoverySecret":"${"A".repeat(44)}"}`,
      500,
      "RECOVERY_SECRET_INVALID",
    ],
  ])("is refused with %s", async (_, body, httpStatus, code) => {
    const first = await machine.start();
    await setWithOwners(first, 1);
    const second = await restartLocked(first);
    const answer = await callHttps(second.clientPort, { path: "/api/v2/recover", body });
    expect(answer.status).toBe(httpStatus);
    expect(JSON.parse(answer.text)).toMatchObject({ code });
  });

  test("is not needed, and refused, in any other state; v1 is gone", async () => {
    const first = await machine.start();
    const answer = await submit(first, new Uint8Array(32), new Uint8Array());
    expect(answer).toMatchObject({ status: 500, code: "STATE_WRONG" });
    const old = await callHttps(first.clientPort, { path: "/recover", body: "x" });
    expect(old.status).toBe(410);
  });

  test("does not bring back a state that is older than one committed here", async () => {
    const first = await machine.start();
    const secrets = await setWithOwners(first, 1);
    const old = machine.files.get("sealed_data") ?? new Uint8Array();
    const { identity, fields } = await prepareMarble("web", machine.teeFor());
    await callActivate(first.meshPort, identity, fields);
    const newest = machine.files.get("sealed_data") ?? new Uint8Array();
    await first.close();
    machine.files.set("sealed_data", old);
    machine.files.delete("sealed_key");
    const second = await machine.start();
    expect(await recoverAs(second, secrets, 0)).toMatchObject({
      status: 500,
      code: "STATE_ROLLED_BACK",
    });
    expect(await status(second)).toBe(1);
    await second.close();
    machine.files.set("sealed_data", newest);
    expect(await recoverAs(await machine.start(), secrets, 0)).toMatchObject(DONE);
  });

  test("can be given up by setting a new manifest", async () => {
    const first = await machine.start();
    const root = await rootOf(first);
    await setWithOwners(first, 1);
    const second = await restartLocked(first);
    await setWithOwners(second, 1);
    expect(await status(second)).toBe(3);
    expect(await rootOf(second)).not.toBe(root);
    const log = second.coordinator.updateLog();
    expect(log).toHaveLength(1);
    await second.close();
    expect(await status(await machine.start())).toBe(3);
  });
});
