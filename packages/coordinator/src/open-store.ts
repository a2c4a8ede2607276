import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CoordinatorConfig } from "./config.ts";
import { CoordinatorError } from "./error.ts";
import { openFileStore } from "./store/file-store.ts";
import type { StateStore } from "./store/state-store.ts";
import type { StoreConfig } from "./store-config.ts";

type PostgresStoreConfig = Extract<StoreConfig, { kind: "postgres" }>;
type KubernetesStoreConfig = Extract<StoreConfig, { kind: "kubernetes" }>;

/**
 * Opens the store that the configuration names. Throws `CONFIG_INVALID` where a file it needs cannot
 * be read, `STORE_FAILED`, `STORE_LOCKED`.
 */
export async function openStateStore({
  store,
  sealDir,
}: Pick<CoordinatorConfig, "store" | "sealDir">): Promise<StateStore> {
  if (store.kind === "file") return await openFileStore(sealDir);
  return store.kind === "postgres" ? await openPostgres(store) : await openKubernetes(store);
}

/** The client is loaded where it is used: a Coordinator with files starts without it. */
async function openPostgres(config: PostgresStoreConfig): Promise<StateStore> {
  const { postgresSettings } = await import("./store/postgres/postgres-settings.ts");
  const { openPostgresStore } = await import("./store/postgres/postgres-store.ts");
  const [password, ca] = await Promise.all([
    optional("CARRARA_DATABASE_PASSWORD_FILE", config.passwordFile),
    optional("CARRARA_DATABASE_CA_FILE", config.caFile),
  ]);
  const settings = postgresSettings({ url: config.url, password: password?.trimEnd(), ca });
  return await openPostgresStore({ settings, mesh: config.mesh });
}

async function openKubernetes(config: KubernetesStoreConfig): Promise<StateStore> {
  const { createKubernetesStore } = await import("./store/kubernetes/kubernetes-store.ts");
  const { host, port, stateName, machinesName, accountDir } = config;
  const ca = await readText("the pod's ca", join(accountDir, "ca.crt"));
  const namespace =
    config.namespace ??
    (await readText("the pod's namespace", join(accountDir, "namespace"))).trim();
  const tokenFile = join(accountDir, "token");
  return createKubernetesStore({ host, port, ca, tokenFile, namespace, stateName, machinesName });
}

async function optional(what: string, path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : await readText(what, path);
}

async function readText(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new CoordinatorError("CONFIG_INVALID", `${what} cannot be read`, { cause });
  }
}
