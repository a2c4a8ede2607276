import { type ClientConfig, createConnection, type Query, type Row } from "@carrara/postgres";
import { asStoreError, storeError } from "../store-error.ts";
import { SCHEMA } from "./schema.ts";

/** Milliseconds between tries to reach a database that is away; their sum is what a request waits. */
const RETRY_PAUSES_MS: readonly number[] = [100, 250, 500, 1000];

/** A database with our tables. */
export interface PostgresClient {
  /** Runs a statement once. Throws `STORE_FAILED`; it may have run all the same. */
  run(sql: string, values: readonly unknown[]): ReturnType<Query>;
  /** Runs a statement that may run twice, again where the connection was lost. Throws `STORE_FAILED`. */
  ask(sql: string, values: readonly unknown[]): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/**
 * Connects, and makes the tables where they are missing. One connection is enough: a Coordinator
 * commits one state after the other, and what is asked meanwhile waits for no longer than a commit. A
 * connection that was lost is made again by the next statement. Throws `STORE_FAILED`.
 */
export async function connectPostgres(settings: ClientConfig): Promise<PostgresClient> {
  const what = "the database does not answer as it should";
  // Without the server's word for it a failed statement may still run: nothing else comes behind it.
  const connection = createConnection(settings, isServerRefusal);
  const run: PostgresClient["run"] = async (sql, values) =>
    await asStoreError(
      what,
      async () => await connection.use(async (query) => await query(sql, values)),
    );
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

/** Whether an error is the server's, with a SQLSTATE. */
function isServerRefusal(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^[0-9A-Z]{5}$/.test(String(error.code));
}

/** One implicit transaction: the lock of the first statement lasts to the end of the last. */
async function createSchema(query: Query): Promise<void> {
  await query(SCHEMA.join(";\n"));
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
