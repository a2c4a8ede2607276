import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { startKubernetesApi, TEST_NAMESPACE } from "../testing/kubernetes-api.ts";
import {
  type ClusterNamespace,
  findKubernetes,
  openClusterNamespace,
} from "../testing/kubernetes-cluster.ts";
import { findPostgres, startPostgres } from "../testing/postgres-server.ts";
import { describeStore, type StoreBackend } from "../testing/store-contract.ts";
import { openFileStore } from "./file-store.ts";
import { createKubernetesStore } from "./kubernetes/kubernetes-store.ts";
import { postgresSettings } from "./postgres/postgres-settings.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import type { StateStore } from "./state-store.ts";

/** Ends everything that was opened. */
function createOpened(): { add(store: StateStore): StateStore; close(): Promise<void> } {
  const opened: StateStore[] = [];
  return {
    add: (store) => {
      opened.push(store);
      return store;
    },
    close: async () => void (await Promise.all(opened.splice(0).map(async (s) => await s.close()))),
  };
}

describeStore({
  name: "file",
  shared: false,
  start: async (): Promise<StoreBackend> => {
    const parent = await mkdtemp(join(tmpdir(), "carrara-store-"));
    const opened = createOpened();
    let place = 0;
    const path = () => join(parent, String(place));
    return {
      open: async () => opened.add(await openFileStore(path())),
      reset: async () => {
        await opened.close();
        place += 1;
      },
      removeKey: async () => await rm(join(path(), "sealed_key")),
      close: async () => {
        await opened.close();
        await rm(parent, { recursive: true });
      },
    };
  },
});

describeStore({
  name: "Kubernetes",
  shared: true,
  start: async (): Promise<StoreBackend> => {
    const api = await startKubernetesApi();
    const opened = createOpened();
    let place = 0;
    const stateName = () => `marblerun-state-${place}`;
    return {
      open: async () =>
        opened.add(
          createKubernetesStore({
            ...api.access,
            namespace: TEST_NAMESPACE,
            stateName: stateName(),
            machinesName: `marblerun-sealed-kek-${place}`,
          }),
        ),
      reset: async () => {
        await opened.close();
        place += 1;
      },
      removeKey: async () =>
        void api.objects.patch("secrets", stateName(), { data: { sealed_key: null } }),
      close: async () => {
        await opened.close();
        await api.close();
      },
    };
  },
});

const cluster = findKubernetes(process.env);
describe.skipIf(cluster === undefined)("with a genuine API server", () => {
  describeStore({
    name: "Kubernetes",
    shared: true,
    start: async (): Promise<StoreBackend> => {
      if (cluster === undefined) throw new TypeError("skipped without");
      const namespace: ClusterNamespace = await openClusterNamespace(cluster);
      const opened = createOpened();
      return {
        open: async () => opened.add(createKubernetesStore(namespace.store)),
        reset: async () => {
          await opened.close();
          await namespace.clear();
        },
        removeKey: async () => {
          const without = { data: { sealed_key: null } };
          await namespace.admin("PATCH", `secrets/${namespace.store.stateName}`, without);
        },
        close: async () => {
          await opened.close();
          await namespace.close();
        },
      };
    },
  });
});

const postgres = findPostgres(process.env);
describe.skipIf(postgres === undefined)("with a server", () => {
  describeStore({
    name: "PostgreSQL",
    shared: true,
    start: async (): Promise<StoreBackend> => {
      const server = await startPostgres(postgres ?? "");
      const settings = postgresSettings({ url: server.url });
      const opened = createOpened();
      let mesh = 0;
      return {
        open: async () => opened.add(await openPostgresStore({ settings, mesh: `m${mesh}` })),
        reset: async () => {
          await opened.close();
          mesh += 1;
        },
        removeKey: async () => {
          await server.query(`UPDATE carrara_state SET sealed_key = NULL WHERE mesh = 'm${mesh}'`);
        },
        close: async () => {
          await opened.close();
          await server.close();
        },
      };
    },
  });
});
