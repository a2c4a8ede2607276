import { CoordinatorError } from "../../error.ts";

/** How to reach a database. */
export interface PostgresConfig {
  /** A name, an address, or the directory of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Secret. Undefined where the server asks for none. */
  readonly password: string | undefined;
  /** `verified`: chain and host name are checked. `none` is for sockets and the loopback address. */
  readonly tls: "none" | "verified";
  /** PEM of the only CA that counts; undefined is the system's. */
  readonly ca: string | undefined;
}

/** What the URL leaves out. */
export interface PostgresSecrets {
  readonly password: string | undefined;
  readonly ca: string | undefined;
}

const DEFAULT_PORT = 5432;
const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);
const PARAMETERS: ReadonlySet<string> = new Set(["host", "sslmode"]);

/**
 * Reads `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?sslmode=verify-full|disable]`; `host` as a
 * parameter is the directory of a unix socket. Without `sslmode` TLS is verified except on a socket or
 * the loopback address; no mode goes without verifying. Throws `CONFIG_INVALID`, whose text has
 * nothing of the URL.
 */
export function parsePostgresUrl(text: string, secrets: PostgresSecrets): PostgresConfig {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "postgres:" && url?.protocol !== "postgresql:") {
    throw invalid("is not a postgres:// url");
  }
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.has(name));
  if (unknown !== undefined) throw invalid("has a parameter other than host and sslmode");
  const socket = url.searchParams.get("host") ?? undefined;
  const host = socket ?? url.hostname.replace(/^\[(.*)\]$/, "$1");
  const database = decode(url.pathname.slice(1));
  const user = decode(url.username);
  if (host === "" || database === "" || user === "") throw invalid("lacks user, host or database");
  if (socket?.startsWith("/") === false) throw invalid("has a host parameter that is no directory");
  return {
    host,
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    user,
    database,
    password: url.password === "" ? secrets.password : decode(url.password),
    tls: tlsOf(url.searchParams.get("sslmode"), socket !== undefined || LOOPBACK.has(host)),
    ca: secrets.ca,
  };
}

function tlsOf(mode: string | null, isLocal: boolean): PostgresConfig["tls"] {
  if (mode === null) return isLocal ? "none" : "verified";
  if (mode === "verify-full") return "verified";
  if (mode === "disable") return "none";
  throw invalid("has an sslmode other than verify-full and disable");
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid("has a broken percent escape");
  }
}

function invalid(fault: string): CoordinatorError {
  return new CoordinatorError("CONFIG_INVALID", `the database url ${fault}`);
}
