import { isIP } from "node:net";
import { join } from "node:path";
import { CoordinatorError } from "./error.ts";
import type { PeerAddress } from "./keyring/key-client.ts";
import { readTraceConfig, type TraceConfig } from "./observe/trace-config.ts";
import { KEY_PORT, readPeers, readStoreConfig, type StoreConfig } from "./store-config.ts";

/** Where a server listens; `host` undefined is every interface, IPv4 and IPv6. Port 0 is any. */
export interface ListenAddress {
  readonly host: string | undefined;
  readonly port: number;
}

/** Levels of the log. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What the environment says (spec marblerun section 1.2). */
export interface CoordinatorConfig {
  readonly meshAddress: ListenAddress;
  readonly clientAddress: ListenAddress;
  /** Where metrics, events and probes are served; undefined is nowhere, and nothing is measured. */
  readonly metricsAddress: ListenAddress | undefined;
  /** Where traces are sent; undefined is nowhere. */
  readonly traces: TraceConfig | undefined;
  /** Names of the CA certificates, in order. */
  readonly dnsNames: readonly string[];
  /** IP addresses beside the loopback ones. */
  readonly ipAddresses: readonly string[];
  readonly sealDir: string;
  readonly store: StoreConfig;
  /** Where the key of a shared state is handed to other Coordinators. */
  readonly keyAddress: ListenAddress;
  /** Coordinators to ask for that key. */
  readonly peers: readonly PeerAddress[];
  readonly devMode: boolean;
  readonly logLevel: LogLevel;
  /** Level for failed handshakes and connections. */
  readonly httpErrorLogLevel: LogLevel;
  /** File set as the manifest at start, unless the same one is set already. */
  readonly startupManifest: string | undefined;
  /** Base URL of the service that has the collateral. */
  readonly pccsUrl: string | undefined;
  /** Where endorsements are kept between starts; only in memory unless set. */
  readonly collateralDir: string | undefined;
  /** Where AMD's certificates and revocation lists come from; AMD's own service unless set. */
  readonly kdsUrl: string | undefined;
  /** Whether Marbles without a quote are activated. */
  readonly acceptUnattested: boolean;
}

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Reads the configuration; an empty value counts as unset. Throws `CONFIG_INVALID`. */
export function readCoordinatorConfig(env: Environment, cwd: string): CoordinatorConfig {
  const value = (name: string) => env[name] || undefined;
  const metricsAddress = value("EDG_COORDINATOR_PROMETHEUS_ADDR");
  const names = (value("EDG_COORDINATOR_DNS_NAMES") ?? "localhost").split(",");
  const directory = value("EDG_CWD") ?? cwd;
  const store = readStoreConfig(value);
  return {
    meshAddress: parseListenAddress(value("EDG_COORDINATOR_MESH_ADDR") ?? ":2001"),
    clientAddress: parseListenAddress(value("EDG_COORDINATOR_CLIENT_ADDR") ?? ":4433"),
    metricsAddress: metricsAddress === undefined ? undefined : parseListenAddress(metricsAddress),
    traces: readTraceConfig(value),
    dnsNames: names.filter((name) => name !== "" && isIP(name) === 0),
    ipAddresses: names.filter((name) => isIP(name) !== 0),
    sealDir: value("EDG_COORDINATOR_SEAL_DIR") ?? join(directory, "marblerun-coordinator-data"),
    store,
    keyAddress: parseListenAddress(value("CARRARA_KEY_ADDR") ?? `:${KEY_PORT}`),
    peers: readPeers(value, store),
    devMode: value("EDG_COORDINATOR_DEV_MODE") === "1",
    logLevel: value("EDG_DEBUG_LOGGING") === "1" ? "debug" : "info",
    httpErrorLogLevel:
      LOG_LEVELS.find((level) => level === value("EDG_HTTP_ERROR_LOG_LEVEL")) ?? "error",
    startupManifest: value("EDG_STARTUP_MANIFEST"),
    pccsUrl: value("CARRARA_PCCS_URL"),
    kdsUrl: value("CARRARA_KDS_URL"),
    collateralDir: value("CARRARA_COLLATERAL_DIR"),
    acceptUnattested: value("CARRARA_ACCEPT_UNATTESTED") === "1",
  };
}

/**
 * Reads `HOST:PORT`, `[IPV6]:PORT` or `:PORT`. `localhost` becomes `127.0.0.1`, the first address
 * that Go would bind. Throws `CONFIG_INVALID`.
 */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain = "", digits = ""] =
    /^(?:\[([^\]]+)\]|([^:]*)):([0-9]{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === "" || port > 65_535) {
    throw new CoordinatorError("CONFIG_INVALID", `listen address ${text} is not host:port`);
  }
  const host = bracketed ?? plain;
  return { host: host === "" ? undefined : host === "localhost" ? "127.0.0.1" : host, port };
}
