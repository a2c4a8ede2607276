import { constants, generateKeyPairSync, privateDecrypt, sign } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { callHttps } from "./testing/http-client.ts";
import { createSharedStore, type SharedStore } from "./testing/shared-store.ts";
import {
  createTestMachine,
  type TestCoordinator,
  type TestCoordinatorOptions,
  type TestMachine,
} from "./testing/test-coordinator.ts";
import { testManifest } from "./testing/test-manifest.ts";
import { callActivate, prepareMarble } from "./testing/test-marble.ts";
import { createTestUser } from "./testing/test-user.ts";

let machine: TestMachine;
let shared: SharedStore;

beforeEach(async () => {
  [machine, shared] = await Promise.all([createTestMachine(), createSharedStore()]);
});

afterEach(async () => {
  await machine.close();
  await shared.close();
});

/** Starts one more Coordinator over the shared store. */
async function start(options: TestCoordinatorOptions = {}): Promise<TestCoordinator> {
  return await machine.start({ store: shared.open(), ...options });
}

async function startTwo(): Promise<readonly [TestCoordinator, TestCoordinator]> {
  const first = await start();
  return [first, await start()];
}

const LIMIT = 5;
const COUNTING = {
  Marbles: { web: { Package: "p" }, few: { Package: "p", MaxActivations: LIMIT } },
  Config: { FeatureGates: ["MonotonicCounter"] },
};
const OWNER = { marbleType: "web", uuid: "f6b2414a-ec07-47ab-a5eb-afe399dae79e" };

/** What the client API says, after everything that it does before it answers. */
async function statusOf({ clientPort }: TestCoordinator): Promise<number> {
  const { text } = await callHttps(clientPort, { path: "/api/v2/status" });
  return JSON.parse(text).data?.code;
}

async function answerOf({ clientPort }: TestCoordinator) {
  const { status, text } = await callHttps(clientPort, { path: "/api/v2/status" });
  return { status, code: JSON.parse(text).code };
}

async function rootOf({ coordinator }: TestCoordinator): Promise<string> {
  return (await coordinator.quote(new Uint8Array())).certificateChain;
}

describe("two coordinators over one store", () => {
  test("serve one root from the start, each with a quote of its own", async () => {
    const [first, second] = await startTwo();
    expect(await statusOf(first)).toBe(2);
    expect(await rootOf(second)).toBe(await rootOf(first));
    const quotes = await Promise.all(
      [first, second].map(async ({ coordinator }) => await coordinator.quote(new Uint8Array())),
    );
    expect(quotes.every(({ quote }) => quote !== undefined)).toBe(true);
  });

  test("that start at once agree on one root", async () => {
    const all = await Promise.all([start(), start(), start()]);
    const roots = await Promise.all(all.map(rootOf));
    expect(new Set(roots).size).toBe(1);
  });

  test("have the manifest of one of them, whichever was first", async () => {
    const [first, second] = await startTwo();
    const outcomes = await Promise.allSettled(
      [first, second].map(async ({ coordinator }, i) => {
        return await coordinator.setManifest(testManifest({ Infrastructures: { [`i${i}`]: {} } }));
      }),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const refused = outcomes.find((outcome) => outcome.status === "rejected");
    expect(refused?.reason).toMatchObject({ code: "STATE_WRONG" });
    expect([await statusOf(first), await statusOf(second)]).toEqual([3, 3]);
    expect(second.coordinator.deployment()?.fingerprint).toBe(
      first.coordinator.deployment()?.fingerprint,
    );
  });

  test("count every step of a counter, and none twice", async () => {
    const both = await startTwo();
    await both[0].coordinator.setManifest(testManifest(COUNTING));
    await both[1].coordinator.refresh();
    const steps = Array.from({ length: 60 }, (_, i) => i);
    await Promise.all(
      steps.map(async (i) => {
        const { coordinator } = both[i % 2 === 0 ? 0 : 1];
        expect(await coordinator.advanceCounter(OWNER, `c${i}`, BigInt(i + 1))).toBe(0n);
      }),
    );
    for (const { coordinator } of both) {
      await coordinator.refresh();
      const previous = await Promise.all(
        steps.map(async (i) => await coordinator.advanceCounter(OWNER, `c${i}`, 0n)),
      );
      expect(previous).toEqual(steps.map((i) => BigInt(i + 1)));
    }
  });

  test("raise one counter in an order that both agree on", async () => {
    const both = await startTwo();
    await both[0].coordinator.setManifest(testManifest(COUNTING));
    const before = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const { coordinator } = both[i % 2 === 0 ? 0 : 1];
        await coordinator.refresh();
        return await coordinator.advanceCounter(OWNER, "c", BigInt(i + 1));
      }),
    );
    await both[0].coordinator.refresh();
    expect(await both[0].coordinator.advanceCounter(OWNER, "c", 0n)).toBe(40n);
    // Each raise left a value that at most one later raise has found.
    const raised = before.filter((value, i) => value <= BigInt(i));
    expect(new Set(raised).size).toBe(raised.length);
  });

  test("keep the limit of activations together", async () => {
    const both = await startTwo();
    await both[0].coordinator.setManifest(testManifest(COUNTING));
    const { identity, fields } = await prepareMarble("few", machine.teeFor());
    const outcomes = await Promise.all(
      Array.from({ length: 4 * LIMIT }, async (_, i) => {
        return await callActivate(both[i % 2 === 0 ? 0 : 1].meshPort, identity, fields);
      }),
    );
    expect(outcomes.filter(({ kind }) => kind === "accepted")).toHaveLength(LIMIT);
    const codes = outcomes.map((outcome) => (outcome.kind === "refused" ? outcome.code : ""));
    expect(codes.filter((code) => code === "ACTIVATION_LIMIT")).toHaveLength(3 * LIMIT);
  });

  test("show a user's secret at the other one, in the next request", async () => {
    const [first, second] = await startTwo();
    const user = await createTestUser();
    await first.coordinator.setManifest(
      testManifest({
        Secrets: { s: { Type: "plain", UserDefined: true } },
        Users: { anna: { Certificate: user.pem, Roles: ["all"] } },
        Roles: {
          all: {
            ResourceType: "Secrets",
            ResourceNames: ["s"],
            Actions: ["ReadSecret", "WriteSecret"],
          },
        },
      }),
    );
    const body = JSON.stringify({
      secrets: { s: { Key: Buffer.from("value").toString("base64") } },
    });
    const path = "/api/v2/secrets";
    const set = await callHttps(first.clientPort, { path, body, client: user });
    expect(set.status, set.text).toBe(200);
    const got = await callHttps(second.clientPort, { path: `${path}?s=s`, client: user });
    expect(JSON.parse(got.text)).toMatchObject({ status: "success" });
    expect(got.text).toContain(Buffer.from("value").toString("base64"));
  });

  test("learn of changes without a request", async () => {
    const [first, second] = await startTwo();
    await first.coordinator.setManifest(testManifest());
    await expect.poll(() => second.coordinator.status().code, { timeout: 5000 }).toBe(3);
  });

  test("commit once although the answer of the store is lost", async () => {
    const first = await start();
    await first.coordinator.setManifest(testManifest(COUNTING));
    shared.api.failNext("lose answer");
    expect(await first.coordinator.advanceCounter(OWNER, "c", 1n)).toBe(0n);
    expect(await first.coordinator.advanceCounter(OWNER, "c", 2n)).toBe(1n);
  });

  test("keep the state in the store in seal mode Disabled too", async () => {
    const [first] = await startTwo();
    await first.coordinator.setManifest(testManifest({ Config: { SealMode: "Disabled" } }));
    const third = await start();
    expect(await statusOf(third)).toBe(3);
    expect(await rootOf(third)).toBe(await rootOf(first));
  });
});

describe("a coordinator on another machine", () => {
  const ELSEWHERE = { machine: "elsewhere" };

  function peersOf({ keyPort }: TestCoordinator) {
    return { CARRARA_PEERS: `127.0.0.1:${keyPort}` };
  }

  test("without peers is in recovery mode, and has no key to hand on", async () => {
    const first = await start();
    await first.coordinator.setManifest(testManifest());
    const other = await start(ELSEWHERE);
    expect(await statusOf(other)).toBe(1);
    expect(() => other.coordinator.sharedKey()).toThrow(
      expect.objectContaining({ code: "KEY_UNAVAILABLE" }),
    );
  });

  test("gets the key from a peer, serves the same root, and keeps it for its next start", async () => {
    const first = await start();
    await first.coordinator.setManifest(testManifest(COUNTING));
    const other = await start({ ...ELSEWHERE, environment: peersOf(first) });
    expect(await statusOf(other)).toBe(3);
    expect(await rootOf(other)).toBe(await rootOf(first));
    expect(await other.coordinator.advanceCounter(OWNER, "c", 4n)).toBe(0n);
    await first.coordinator.refresh();
    expect(await first.coordinator.advanceCounter(OWNER, "c", 5n)).toBe(4n);
    await Promise.all([first.close(), other.close()]);
    expect(await statusOf(await start(ELSEWHERE))).toBe(3);
  });

  test.each([
    ["another signer", { mrSigner: new Uint8Array(32).fill(9) }, {}],
    ["another product", { isvProdId: 4 }, {}],
    ["an older version", { isvSvn: 2 }, {}],
    ["a debug enclave", { debug: true }, {}],
    [
      "another build, in seal mode UniqueKey",
      { mrEnclave: new Uint8Array(32).fill(9) },
      { SealMode: "UniqueKey" },
    ],
  ])("is not given the key as %s", async (_, identity, Config) => {
    const first = await start();
    await first.coordinator.setManifest(testManifest({ Config }));
    const other = await start({ ...ELSEWHERE, identity, environment: peersOf(first) });
    expect(await statusOf(other)).toBe(1);
    expect(first.log.records).toContainEqual(
      expect.objectContaining({ message: "shared key refused" }),
    );
  });

  test("takes no key from an older version", async () => {
    const first = await start();
    await first.coordinator.setManifest(testManifest());
    const newer = { isvSvn: 4 };
    const other = await start({ ...ELSEWHERE, identity: newer, environment: peersOf(first) });
    expect(await statusOf(other)).toBe(1);
    expect(other.log.records).toContainEqual(
      expect.objectContaining({
        message: "no shared key from peer",
        fields: expect.objectContaining({ code: "PACKAGE_SECURITY_VERSION" }),
      }),
    );
  });

  test("gets no key from a coordinator under another root", async () => {
    const first = await start();
    await first.coordinator.setManifest(testManifest());
    const stranger = await createTestMachine();
    const foreignStore = await createSharedStore();
    try {
      const foreign = await stranger.start({ store: foreignStore.open() });
      await foreign.coordinator.setManifest(testManifest());
      const other = await start({ ...ELSEWHERE, environment: peersOf(foreign) });
      expect(await statusOf(other)).toBe(1);
    } finally {
      await stranger.close();
      await foreignStore.close();
    }
  });

  test("recovers the state for itself, while the others go on", async () => {
    const first = await start();
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    const secrets = await first.coordinator.setManifest(
      testManifest({ ...COUNTING, RecoveryKeys: { anna: pem } }),
    );
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const encrypted = secrets.get("anna") ?? new Uint8Array();
    const secret = privateDecrypt({ key: privateKey, padding, oaepHash: "sha256" }, encrypted);
    await first.close();
    const other = await start(ELSEWHERE);
    expect(await statusOf(other)).toBe(1);
    const missing = await other.coordinator.recover(secret, sign("sha256", secret, privateKey));
    expect(missing).toBe(0);
    expect(await statusOf(other)).toBe(3);
    expect(await other.coordinator.advanceCounter(OWNER, "c", 4n)).toBe(0n);
    const back = await start({ environment: peersOf(other) });
    expect(await statusOf(back)).toBe(3);
    expect(await back.coordinator.advanceCounter(OWNER, "c", 5n)).toBe(4n);
  });
});

describe("a shared state that was rolled back", () => {
  async function rolledBack(): Promise<TestCoordinator> {
    const first = await start();
    await first.coordinator.setManifest(testManifest(COUNTING));
    await first.coordinator.advanceCounter(OWNER, "c", 1n);
    const old = shared.secret();
    await first.coordinator.advanceCounter(OWNER, "c", 2n);
    shared.restore(old);
    return first;
  }

  test("is not served by who has seen a newer one", async () => {
    const first = await rolledBack();
    expect(await answerOf(first)).toEqual({ status: 500, code: "STATE_ROLLED_BACK" });
    await expect(first.coordinator.advanceCounter(OWNER, "c", 3n)).rejects.toMatchObject({
      code: "STATE_ROLLED_BACK",
    });
  });

  test("is not served after a restart on the same machine", async () => {
    const first = await rolledBack();
    await first.close();
    await expect(start()).rejects.toMatchObject({
      name: "CoordinatorError",
      code: "STATE_ROLLED_BACK",
    });
  });

  test("by removing it is not served, nor started anew", async () => {
    const first = await start();
    await first.coordinator.setManifest(testManifest());
    shared.api.objects.remove("secrets", "marblerun-state");
    expect(await answerOf(first)).toEqual({ status: 500, code: "STATE_ROLLED_BACK" });
    await first.close();
    await expect(start()).rejects.toMatchObject({ code: "STATE_ROLLED_BACK" });
  });

  test("in a part is named", async () => {
    const first = await start();
    await first.coordinator.setManifest(testManifest(COUNTING));
    const old = shared.secret()["data"];
    await first.coordinator.advanceCounter(OWNER, "c", 2n);
    const now = shared.secret()["data"];
    for (const part of ["sealed_data", "sealed_key", "sealed_version"] as const) {
      if (typeof old !== "object" || typeof now !== "object") throw new TypeError("no data");
      const mixed = { ...now, [part]: Object.entries(old ?? {}).find(([k]) => k === part)?.[1] };
      shared.restore({ data: mixed });
      expect(await answerOf(first)).toEqual({ status: 500, code: "STATE_ROLLED_BACK" });
    }
    shared.restore({ data: now });
    expect(await statusOf(first)).toBe(3);
  });
});
