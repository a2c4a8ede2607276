// Rooms that compile this file from its source do not see declarations that nobody names.
/// <reference path="./pg-client.d.ts" />
import type { Client, ClientConfig } from "pg";
import PgClient from "pg/lib/client.js";

/** A row as `pg` gives it: bigint as text, bytea as a buffer. */
export type Row = Readonly<Record<string, unknown>>;

/** Runs a statement. */
export type Ask = (sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

/** One connection, made when it is needed, that does one piece of work after the other. */
export interface Connection {
  /** Whatever fails without the server's word for it ends the connection: nothing comes behind it. */
  use<T>(work: (ask: Ask) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A connection that was lost is made again by the next use. */
export function createConnection(config: ClientConfig): Connection {
  let current: Client | undefined;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();
  const drop = async (client: Client): Promise<void> => {
    if (current === client) current = undefined;
    await client.end().catch(() => undefined);
  };
  const connect = async (): Promise<Client> => {
    if (closed) throw new TypeError("the store is closed");
    const client = new PgClient(config);
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
  const useNow = async <T>(work: (ask: Ask) => Promise<T>): Promise<T> => {
    const client = current ?? (await connect());
    try {
      return await work(async (sql, values) => {
        const { rows } = await client.query(sql, values === undefined ? undefined : [...values]);
        return rows;
      });
    } catch (error) {
      await drop(client);
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
