import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { ClientConfig } from "pg";

/** What a room puts into its settings. */
export interface SettingsOptions {
  /** As the server lists its connections. */
  readonly applicationName: string;
  /** The room's error for what is wrong with a URL; it gets nothing of the URL. */
  readonly invalid: (fault: string) => Error;
}

/** Where a database is and what opens it. */
export interface PostgresAccess {
  /**
   * `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?sslmode=verify-full|disable]`; `host` as a
   * parameter is the directory of a unix socket.
   */
  readonly url: string;
  /** Secret; where the URL has none. */
  readonly password?: string | undefined;
  /** PEM of the only CA that counts; undefined is the system's. */
  readonly ca?: string | undefined;
}

const DEFAULT_PORT = 5432;
const CONNECT_TIMEOUT_MS = 5_000;
/** Milliseconds a statement may take, its waits for other processes included; more is a stuck server. */
const STATEMENT_TIMEOUT_MS = 10_000;
const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);
const PARAMETERS: ReadonlySet<string> = new Set(["host", "sslmode"]);

/**
 * Settings of `pg`. Without `sslmode` TLS is verified, chain and name, except on a unix socket or the
 * loopback address; no mode goes without verifying. Throws what `invalid` makes.
 */
export function settingsOf(
  { url: text, password, ca }: PostgresAccess,
  { applicationName, invalid }: SettingsOptions,
): ClientConfig {
  try {
    return { ...read(text, password, ca), application_name: applicationName };
  } catch (fault) {
    if (fault instanceof UrlFault) throw invalid(`the database url ${fault.message}`);
    throw fault;
  }
}

/** What is wrong with a URL; it never leaves this file. */
class UrlFault extends Error {}

function read(text: string, password: string | undefined, ca: string | undefined): ClientConfig {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "postgres:" && url?.protocol !== "postgresql:") {
    throw new UrlFault("is not a postgres:// url");
  }
  if ([...url.searchParams.keys()].some((name) => !PARAMETERS.has(name))) {
    throw new UrlFault("has a parameter other than host and sslmode");
  }
  const socket = url.searchParams.get("host") ?? undefined;
  const host = socket ?? url.hostname.replace(/^\[(.*)\]$/, "$1");
  const database = decode(url.pathname.slice(1));
  const user = decode(url.username);
  if (host === "" || database === "" || user === "")
    throw new UrlFault("lacks user, host or database");
  if (socket?.startsWith("/") === false)
    throw new UrlFault("has a host parameter that is no directory");
  const isLocal = socket !== undefined || LOOPBACK.has(url.hostname);
  const secret = url.password === "" ? password : decode(url.password);
  return {
    host,
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    user,
    database,
    ...(secret === undefined ? {} : { password: secret }),
    ssl: isVerified(url.searchParams.get("sslmode"), isLocal) ? verifiedTls(host, ca) : false,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // The first is the server's, the second ours, for a server that says nothing any more.
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + CONNECT_TIMEOUT_MS,
    // An answer must mean that the commit is on disk, whatever the server's default is.
    options: "-c synchronous_commit=on",
    keepAlive: true,
  };
}

function verifiedTls(host: string, ca: string | undefined) {
  return {
    rejectUnauthorized: true,
    // pg names no server where it is an address, and Node then looks for "localhost".
    checkServerIdentity: (_: string, certificate: PeerCertificate) =>
      checkServerIdentity(host, certificate),
    ...(ca === undefined ? {} : { ca }),
  };
}

function isVerified(mode: string | null, isLocal: boolean): boolean {
  if (mode === null) return !isLocal;
  if (mode === "verify-full") return true;
  if (mode === "disable") return false;
  throw new UrlFault("has an sslmode other than verify-full and disable");
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new UrlFault("has a broken percent escape");
  }
}
