import { describe, expect, test } from "vitest";
import { readPeers, readStoreConfig } from "./store-config.ts";

const read = (env: Readonly<Record<string, string>>) => readStoreConfig((name) => env[name]);
const INVALID = { name: "CoordinatorError", code: "CONFIG_INVALID" };
const CLUSTER = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "6443" };
const KUBERNETES = {
  kind: "kubernetes",
  host: "10.0.0.1",
  port: 6443,
  namespace: undefined,
  stateName: "marblerun-state",
  machinesName: "marblerun-sealed-kek",
  accountDir: "/var/run/secrets/kubernetes.io/serviceaccount",
};

describe("the store's configuration", () => {
  test.each([
    ["nothing", {}],
    ["its name", { CARRARA_STORE: "file" }],
    ["a backend without the distributed mode", { EDG_STORE_BACKEND: "k8s-secret", ...CLUSTER }],
    ["the distributed mode alone", { EDG_DISTRIBUTED_COORDINATOR: "1" }],
  ])("is files with %s", (_, env) => {
    expect(read(env)).toEqual({ kind: "file" });
  });

  test.each([
    ["its name", { CARRARA_STORE: "kubernetes" }],
    ["MarbleRun's", { EDG_DISTRIBUTED_COORDINATOR: "1", EDG_STORE_BACKEND: "k8s-secret" }],
    [
      "MarbleRun's older",
      {
        EDG_ENTERPRISE_LICENSED_FEATURES: "x,DistributedCoordinator",
        EDG_STORE_BACKEND: "k8s-secret",
      },
    ],
  ])("is Kubernetes with %s variables", (_, env) => {
    expect(read({ ...env, ...CLUSTER })).toEqual(KUBERNETES);
  });

  test("takes names of section 8.6, and the address an enclave is given", () => {
    const env = {
      CARRARA_STORE: "kubernetes",
      ...CLUSTER,
      EDG_KUBERNETES_SERVICE_HOST: "10.0.0.2",
      EDG_K8S_NAMESPACE: "ns",
      EDG_K8S_STATE_NAME: "s",
      EDG_K8S_KEK_MAP: "k",
    };
    const named = { host: "10.0.0.2", namespace: "ns", stateName: "s", machinesName: "k" };
    expect(read(env)).toMatchObject(named);
  });

  test("is PostgreSQL with a url", () => {
    const CARRARA_DATABASE_URL = "postgres://u@h/d";
    expect(read({ CARRARA_STORE: "postgres", CARRARA_DATABASE_URL })).toEqual({
      kind: "postgres",
      url: CARRARA_DATABASE_URL,
      passwordFile: undefined,
      caFile: undefined,
      mesh: "default",
    });
  });

  test.each([
    ["an unknown store", { CARRARA_STORE: "etcd" }],
    ["PostgreSQL without url", { CARRARA_STORE: "postgres" }],
    ["Kubernetes without address", { CARRARA_STORE: "kubernetes" }],
    [
      "Kubernetes with a broken port",
      { CARRARA_STORE: "kubernetes", ...CLUSTER, KUBERNETES_SERVICE_PORT: "no" },
    ],
  ])("refuses %s", (_, env) => {
    expect(() => read(env)).toThrow(expect.objectContaining(INVALID));
  });
});

describe("the peers", () => {
  const peers = (text: string) =>
    readPeers((name) => (name === "CARRARA_PEERS" ? text : undefined), { kind: "file" });

  test("are addresses with commas between", () => {
    expect(peers("a.mesh:5433, [::1]:1 ,")).toEqual([
      { host: "a.mesh", port: 5433 },
      { host: "::1", port: 1 },
    ]);
  });

  test("are the key service on Kubernetes unless named", () => {
    const store = read({ CARRARA_STORE: "kubernetes", ...CLUSTER });
    expect(readPeers(() => undefined, store)).toEqual([
      { host: "coordinator-key-api", port: 5433 },
    ]);
    expect(readPeers(() => undefined, { kind: "file" })).toEqual([]);
  });

  test.each(["a", "a:", "a:0", "a:99999", "::1:2", "http://a:1", "u@a:1"])("refuse %j", (text) => {
    expect(() => peers(text)).toThrow(expect.objectContaining(INVALID));
  });
});
