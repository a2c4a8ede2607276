import { CoordinatorError } from "./error.ts";
import type { PeerAddress } from "./keyring/key-client.ts";

/** Where the sealed state is kept. */
export type StoreConfig =
  /** In the seal directory. */
  | { readonly kind: "file" }
  | {
      readonly kind: "postgres";
      /** May have the password: secret. */
      readonly url: string;
      readonly passwordFile: string | undefined;
      readonly caFile: string | undefined;
      readonly mesh: string;
    }
  | {
      readonly kind: "kubernetes";
      readonly host: string;
      readonly port: number;
      /** Undefined is the pod's own. */
      readonly namespace: string | undefined;
      readonly stateName: string;
      readonly machinesName: string;
      /** The pod's token, CA and namespace. */
      readonly accountDir: string;
    };

/** Reads a variable; an empty one is undefined. */
export type EnvironmentReader = (name: string) => string | undefined;

const ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount";
/** Port of the key hand-over (section 1.1). */
export const KEY_PORT = 5433;

/**
 * Reads which store to use: `CARRARA_STORE` says so; without it MarbleRun's variables for Kubernetes
 * count, and else it is the file store. Throws `CONFIG_INVALID`.
 */
export function readStoreConfig(value: EnvironmentReader): StoreConfig {
  const chosen =
    value("CARRARA_STORE") ?? (isDistributedOnKubernetes(value) ? "kubernetes" : "file");
  if (chosen === "file") return { kind: "file" };
  if (chosen === "postgres") return postgresConfig(value);
  if (chosen === "kubernetes") return kubernetesConfig(value);
  throw invalid(`CARRARA_STORE is ${chosen}, known are file, postgres and kubernetes`);
}

/** Section 1.2: the backend is ignored unless the distributed mode is on. */
function isDistributedOnKubernetes(value: EnvironmentReader): boolean {
  const legacy = value("EDG_ENTERPRISE_LICENSED_FEATURES")?.toLowerCase() ?? "";
  const isDistributed =
    value("EDG_DISTRIBUTED_COORDINATOR") === "1" || legacy.includes("distributedcoordinator");
  return isDistributed && value("EDG_STORE_BACKEND") === "k8s-secret";
}

function postgresConfig(value: EnvironmentReader): StoreConfig {
  const url = value("CARRARA_DATABASE_URL");
  if (url === undefined) throw invalid("CARRARA_DATABASE_URL is not set");
  return {
    kind: "postgres",
    url,
    passwordFile: value("CARRARA_DATABASE_PASSWORD_FILE"),
    caFile: value("CARRARA_DATABASE_CA_FILE"),
    mesh: value("CARRARA_DATABASE_MESH") ?? "default",
  };
}

function kubernetesConfig(value: EnvironmentReader): StoreConfig {
  // An enclave gets them under the first name.
  const either = (name: string) => value(`EDG_${name}`) ?? value(name);
  const host = either("KUBERNETES_SERVICE_HOST");
  const port = Number(either("KUBERNETES_SERVICE_PORT") ?? 443);
  if (host === undefined) throw invalid("KUBERNETES_SERVICE_HOST is not set");
  if (!isPort(port)) throw invalid("KUBERNETES_SERVICE_PORT is not a port");
  return {
    kind: "kubernetes",
    host,
    port,
    namespace: value("EDG_K8S_NAMESPACE"),
    stateName: value("EDG_K8S_STATE_NAME") ?? "marblerun-state",
    machinesName: value("EDG_K8S_KEK_MAP") ?? "marblerun-sealed-kek",
    accountDir: value("CARRARA_K8S_ACCOUNT_DIR") ?? ACCOUNT_DIR,
  };
}

/**
 * Reads which Coordinators to ask for the shared key: `CARRARA_PEERS`, HOST:PORT with commas between;
 * on Kubernetes the key service unless set. Throws `CONFIG_INVALID`.
 */
export function readPeers(value: EnvironmentReader, store: StoreConfig): readonly PeerAddress[] {
  const service = `${value("EDG_K8S_SERVICE_NAME") ?? "coordinator-key-api"}:${KEY_PORT}`;
  const list = value("CARRARA_PEERS") ?? (store.kind === "kubernetes" ? service : "");
  return list
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "")
    .map(parsePeer);
}

function parsePeer(text: string): PeerAddress {
  const [, bracketed, plain, digits = ""] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || !isPort(port)) throw invalid(`peer ${text} is not host:port`);
  return { host, port };
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536;
}

function invalid(message: string): CoordinatorError {
  return new CoordinatorError("CONFIG_INVALID", message);
}
