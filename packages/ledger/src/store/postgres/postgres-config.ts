import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { ClientConfig } from "pg";
import { LedgerError } from "../../error.ts";

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
/** Milliseconds a statement may take, the wait for other replicas' groups included. */
const STATEMENT_TIMEOUT_MS = 10_000;
const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);
const PARAMETERS: ReadonlySet<string> = new Set(["host", "sslmode"]);

/**
 * Settings of `pg`. TLS is verified, chain and name, except on a unix socket or the loopback address;
 * no mode goes without verifying. Throws `LEDGER_CONFIG_INVALID`, whose text has nothing of the URL.
 */
export function clientConfigOf({ url: text, password, ca }: PostgresAccess): ClientConfig {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "postgres:" && url?.protocol !== "postgresql:") {
    throw invalid("is not a postgres:// url");
  }
  if ([...url.searchParams.keys()].some((name) => !PARAMETERS.has(name))) {
    throw invalid("has a parameter other than host and sslmode");
  }
  const socket = url.searchParams.get("host") ?? undefined;
  const host = socket ?? url.hostname.replace(/^\[(.*)\]$/, "$1");
  const database = decode(url.pathname.slice(1));
  const user = decode(url.username);
  if (host === "" || database === "" || user === "") throw invalid("lacks user, host or database");
  if (socket?.startsWith("/") === false) throw invalid("has a host parameter that is no directory");
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
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + CONNECT_TIMEOUT_MS,
    // A replica that is gone without a word must not keep the others from appending.
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    // An answer must mean that the commit is on disk, whatever the server's default is.
    options: "-c synchronous_commit=on",
    application_name: "carrara-ledger",
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
  throw invalid("has an sslmode other than verify-full and disable");
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid("has a broken percent escape");
  }
}

function invalid(fault: string): LedgerError {
  return new LedgerError("LEDGER_CONFIG_INVALID", `the database url ${fault}`);
}
