import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { Client, ClientConfig } from "pg";
import PgClient from "pg/lib/client.js";
import { asStoreError, storeError } from "../store-error.ts";
import type { PostgresConfig } from "./postgres-config.ts";
import { SCHEMA } from "./schema.ts";

const CONNECT_TIMEOUT_MS = 5_000;
/** Milliseconds a statement may take: the rows are small, so that more is a stuck server. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** Milliseconds between tries to reach a database that is away; their sum is what a request waits. */
const RETRY_PAUSES_MS: readonly number[] = [100, 250, 500, 1000];

/** A row as `pg` gives it: bigint as text, bytea as a buffer. */
export type Row = Readonly<Record<string, unknown>>;

/** A database with our tables. */
export interface PostgresClient {
  /** Runs a statement once. Throws `STORE_FAILED`; it may have run all the same. */
  run(sql: string, values: readonly unknown[]): Promise<{ rows: readonly Row[]; count: number }>;
  /** Runs a statement that may run twice, again where the connection was lost. Throws `STORE_FAILED`. */
  ask(sql: string, values: readonly unknown[]): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** Connection settings in the form of `pg`, for clients outside the pool too. */
export function clientConfigOf(config: PostgresConfig): ClientConfig {
  const { host, port, user, database, password, tls, ca } = config;
  const verified = {
    rejectUnauthorized: true,
    // pg names no server where it is an address, and Node then looks for "localhost".
    checkServerIdentity: (_: string, certificate: PeerCertificate) =>
      checkServerIdentity(host, certificate),
    ...(ca === undefined ? {} : { ca }),
  };
  return {
    host,
    port,
    user,
    database,
    ...(password === undefined ? {} : { password }),
    ssl: tls === "verified" ? verified : false,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // The first is the server's, the second ours, for a server that says nothing any more.
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + CONNECT_TIMEOUT_MS,
    // An answer must mean that the commit is on disk, whatever the server's default is.
    options: "-c synchronous_commit=on",
    application_name: "carrara-coordinator",
    keepAlive: true,
  };
}

/**
 * Connects, and makes the tables where they are missing. One connection is enough: a Coordinator
 * commits one state after the other, and what is asked meanwhile waits for no longer than a commit. A
 * connection that was lost is made again by the next statement. Throws `STORE_FAILED`.
 */
export async function connectPostgres(config: PostgresConfig): Promise<PostgresClient> {
  const what = "the database does not answer as it should";
  const connection = createConnection(config);
  const run: PostgresClient["run"] = async (sql, values) =>
    await asStoreError(what, async () => {
      const { rows, rowCount } = await connection.use(
        async (client) => await client.query(sql, [...values]),
      );
      return { rows, count: rowCount ?? 0 };
    });
  const client: PostgresClient = {
    run,
    ask: async (sql, values) => await retried(async () => (await run(sql, values)).rows),
    close: connection.close,
  };
  try {
    await retried(
      async () => await asStoreError(what, async () => await connection.use(createSchema)),
    );
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

/** One connection, made when it is needed, that does one thing after the other. */
function createConnection(config: PostgresConfig): {
  use<T>(work: (client: Client) => Promise<T>): Promise<T>;
  close(): Promise<void>;
} {
  let current: Client | undefined;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();
  const drop = async (client: Client) => {
    if (current === client) current = undefined;
    await client.end().catch(() => undefined);
  };
  const connect = async (): Promise<Client> => {
    if (closed) throw new TypeError("the store is closed");
    const client = new PgClient(clientConfigOf(config));
    client.on("error", () => void drop(client));
    client.on("end", () => void drop(client));
    try {
      await client.connect();
    } catch (error) {
      await drop(client);
      throw error;
    }
    current = client;
    return client;
  };
  const useNow = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    const client = current ?? (await connect());
    try {
      return await work(client);
    } catch (error) {
      // Without the server's word for it the statement may still run: nothing else comes behind it.
      if (!isServerRefusal(error)) await drop(client);
      throw error;
    }
  };
  return {
    use: async (work) => {
      const turn = last.then(async () => await useNow(work));
      last = turn.catch(() => undefined);
      return await turn;
    },
    close: async () => {
      closed = true;
      await last;
      if (current !== undefined) await drop(current);
    },
  };
}

/** Whether an error is the server's, with a SQLSTATE. */
function isServerRefusal(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^[0-9A-Z]{5}$/.test(String(error.code));
}

/** One implicit transaction: the lock of the first statement lasts to the end of the last. */
async function createSchema(client: Client): Promise<void> {
  await client.query(SCHEMA.join(";\n"));
}

async function retried<T>(run: () => Promise<T>): Promise<T> {
  for (const pauseMs of RETRY_PAUSES_MS) {
    try {
      return await run();
    } catch (error) {
      if (!isConnectionLoss(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  return await run();
}

/** Classes 08 and 57P are the server's words for going away; Node's have no SQLSTATE. */
function isConnectionLoss(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return false;
  const code = "code" in cause ? String(cause.code) : "";
  return /^(?:08...|57P..|53300|E[A-Z]{3,}|)$/.test(code);
}

/** The bytes of a column. Throws `STORE_FAILED` for anything else. */
export function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  throw storeError("the database gave a column of another type");
}
