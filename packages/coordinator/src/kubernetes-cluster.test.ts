import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createKubernetesStore } from "./store/kubernetes/kubernetes-store.ts";
import {
  type ClusterNamespace,
  findKubernetes,
  openClusterNamespace,
} from "./testing/kubernetes-cluster.ts";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "./testing/test-coordinator.ts";
import { testManifest } from "./testing/test-manifest.ts";
import { callActivate, prepareMarble } from "./testing/test-marble.ts";

const cluster = findKubernetes(process.env);
const LIMIT = 5;
const OWNER = { marbleType: "web", uuid: "f6b2414a-ec07-47ab-a5eb-afe399dae79e" };
const CONFLICT = { name: "CoordinatorError", code: "STATE_CONFLICT" };
const ROLLED_BACK = { name: "CoordinatorError", code: "STATE_ROLLED_BACK" };
const someState = (dataBytes = 90) => {
  const random = (length: number) => new Uint8Array(randomBytes(length));
  return { data: random(dataBytes), key: random(80), witness: random(40) };
};

/** What the contract of stores does not ask for, against the real thing. */
describe.skipIf(cluster === undefined)("a genuine API server of Kubernetes", () => {
  let namespace: ClusterNamespace;
  let machine: TestMachine;

  beforeAll(async () => {
    if (cluster === undefined) throw new TypeError("skipped without");
    namespace = await openClusterNamespace(cluster);
  }, 60_000);
  afterAll(async () => await namespace.close());
  beforeEach(async () => {
    machine = await createTestMachine();
    await namespace.clear();
  });
  afterEach(async () => await machine.close());

  const open = () => createKubernetesStore(namespace.store);
  const start = async (): Promise<TestCoordinator> => await machine.start({ store: open() });
  const secret = `secrets/marblerun-state`;
  const readSecret = async () =>
    (await namespace.admin("GET", secret)) as { readonly data: Readonly<Record<string, string>> };

  test("keeps labels of others, and calls a removed Secret a conflict", async () => {
    const store = open();
    await store.commit(undefined, someState());
    await namespace.admin("PATCH", secret, { metadata: { labels: { team: "mesh" } } });
    const version = await store.commit(await store.version(), someState());
    expect(await readSecret()).toMatchObject({ metadata: { labels: { team: "mesh" } } });
    await namespace.admin("DELETE", secret);
    await expect(store.commit(version, someState())).rejects.toMatchObject(CONFLICT);
    expect(await store.version()).toBeUndefined();
    await store.close();
  });

  test("takes the largest state that the store lets through", async () => {
    const store = open();
    const version = await store.commit(undefined, someState(1024 * 1024 - 120));
    expect(await store.version()).toBe(version);
    await expect(store.commit(version, someState(1024 * 1024))).rejects.toMatchObject({
      code: "STORE_FAILED",
    });
    await store.close();
  });

  test("refuses what the documented role does not allow", async () => {
    const store = createKubernetesStore({ ...namespace.store, stateName: "another" });
    await expect(store.read()).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("403"),
    });
    await store.close();
  });

  test("serves two coordinators that share root, manifest, limits and counters", async () => {
    const [first, second] = await Promise.all([start(), start()]);
    const rootOf = ({ coordinator }: TestCoordinator) =>
      Buffer.from(coordinator.clientIdentity().certificate).toString("hex");
    expect(rootOf(first)).toBe(rootOf(second));
    await first.coordinator.setManifest(
      testManifest({
        Marbles: { web: { Package: "p" }, few: { Package: "p", MaxActivations: LIMIT } },
        Config: { FeatureGates: ["MonotonicCounter"] },
      }),
    );
    const outcomes = await Promise.all(
      Array.from({ length: 2 * LIMIT }, async (_, i) => {
        const { identity, fields } = await prepareMarble("few", machine.teeFor());
        return await callActivate((i % 2 === 0 ? first : second).meshPort, identity, fields);
      }),
    );
    expect(outcomes.filter(({ kind }) => kind === "accepted")).toHaveLength(LIMIT);
    await Promise.all(
      [1n, 2n, 3n, 4n].map(
        async (value, i) =>
          await (i % 2 === 0 ? first : second).coordinator.advanceCounter(OWNER, "c", value),
      ),
    );
    await second.coordinator.refresh();
    expect(await second.coordinator.advanceCounter(OWNER, "c", 5n)).toBe(4n);
  });

  test("that is rolled back is noticed, while a coordinator runs and when it starts", async () => {
    const first = await start();
    await first.coordinator.setManifest(
      testManifest({ Config: { FeatureGates: ["MonotonicCounter"] } }),
    );
    const { data } = await readSecret();
    await first.coordinator.advanceCounter(OWNER, "c", 1n);
    await namespace.admin("PATCH", secret, { data });
    await expect(first.coordinator.refresh()).rejects.toMatchObject(ROLLED_BACK);
    await first.close();
    await expect(start()).rejects.toMatchObject(ROLLED_BACK);
  });
});
