import { type Client, type ClientConfig, createClient } from "./client.ts";

/** A row as `pg` gives it: bigint as text, bytea as a buffer. */
export type Row = Readonly<Record<string, unknown>>;

/** Runs a statement; `count` is how many rows it read or wrote. */
export type Query = (
  sql: string,
  values?: readonly unknown[],
) => Promise<{ readonly rows: readonly Row[]; readonly count: number }>;

/** One connection, made when it is needed, that does one piece of work after the other. */
export interface Connection {
  use<T>(work: (query: Query) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * A connection that was lost is made again by the next use. Work that fails ends it, unless `isUsable`
 * says of the error that nothing of the work can still be under way.
 */
export function createConnection(
  settings: ClientConfig,
  isUsable: (error: unknown) => boolean = () => false,
): Connection {
  let current: Client | undefined;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();
  const drop = async (client: Client): Promise<void> => {
    if (current === client) current = undefined;
    await client.end().catch(() => undefined);
  };
  const connect = async (): Promise<Client> => {
    if (closed) throw new TypeError("the store is closed");
    const client = createClient(settings);
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
  const useNow = async <T>(work: (query: Query) => Promise<T>): Promise<T> => {
    const client = current ?? (await connect());
    try {
      return await work(async (sql, values) => {
        const given = values === undefined ? undefined : [...values];
        const { rows, rowCount } = await client.query(sql, given);
        return { rows, count: rowCount ?? 0 };
      });
    } catch (error) {
      if (!isUsable(error)) await drop(client);
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
