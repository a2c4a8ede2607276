import { createHash, randomBytes } from "node:crypto";
import {
  type Connection,
  createConnection,
  type PostgresAccess,
  type Query,
  type Row,
} from "@carrara/postgres";
import { parseGroupHeader } from "../../core/group.ts";
import { WRITER_BYTES } from "../../core/ledger-keys.ts";
import { LedgerError } from "../../error.ts";
import { asStoreError, writeError } from "../io-error.ts";
import type { Append, LedgerStore, StoreSession, StoreShape } from "../ledger-store.ts";
import { postgresSettings } from "./postgres-settings.ts";
import { beginAlone, SCHEMA, SQL } from "./schema.ts";

/** Rows that are read at once: at most some 35 MB, with the usual groups 2. */
const PAGE_ROWS = 500;
/** No ledger has an index above. */
const END = 2 ** 48;

/**
 * A ledger in PostgreSQL 12 or later, for several processes: a group is a row, appended in a
 * transaction that holds an advisory lock and first reads what others appended. Tables are made at
 * first use. The database sees ciphertext only.
 */
export function createPostgresStore(access: PostgresAccess): LedgerStore {
  const settings = postgresSettings(access);
  return {
    open: async (shape) => {
      const connections = {
        writer: createConnection(settings),
        reader: createConnection(settings),
      };
      try {
        await asStoreError(
          async () => await connections.writer.use(async (query) => await query(SCHEMA)),
        );
        return createSession(connections, shape);
      } catch (error) {
        await connections.writer.close();
        throw error;
      }
    },
  };
}

interface Connections {
  /** Appends; its transactions are nobody else's. */
  readonly writer: Connection;
  readonly reader: Connection;
}

function createSession(
  { writer, reader }: Connections,
  { poll, volumeBallots }: StoreShape,
): StoreSession {
  const own = randomBytes(WRITER_BYTES);
  const ask = async (sql: string, ...values: readonly unknown[]): Promise<readonly Row[]> =>
    await asStoreError(
      async () => await reader.use(async (query) => (await query(sql, [poll, ...values])).rows),
    );
  const pages = (from: number, to: number) => readPages(ask, from, to);
  return {
    shared: true,
    // What a lost connection left is read again before the next group.
    writable: true,
    writerFor: () => own,
    readHead: async () => {
      const rows = await ask(SQL.heads);
      const slot = (number: number) => rows.find((row) => row["slot"] === number);
      return [bytesOrNone(slot(0)), bytesOrNone(slot(1))];
    },
    writeHead: async ({ slot, size, bytes }) => {
      await ask(SQL.writeHead, slot, size, bytes);
    },
    volumes: async () => (await ask(SQL.volumes)).map((row) => Number(row["volume"])),
    readVolume: async (volume) => {
      const [row] = await ask(SQL.readVolume, volume);
      return bytesOf(row);
    },
    writeVolume: async (volume, bytes) => {
      await ask(SQL.writeVolume, volume, bytes);
    },
    adopt: () => undefined,
    layoutOf: () => new Uint8Array(0),
    digestOf: async (volume) => {
      const digest = createHash("sha256");
      const first = volume * volumeBallots;
      for await (const row of pages(first, first + volumeBallots)) digest.update(bytesOf(row));
      return digest.digest();
    },
    groups: async function* (from) {
      let next = from;
      for await (const row of pages(from, END)) {
        const group = bytesOf(row);
        next = checkedEnd(row, group, next);
        yield group;
      }
    },
    // A row is there or not: nothing can be torn. Groups without a head are another matter.
    behind: async (size) => (size === 0 ? (await ask(SQL.orphans)).length : 0),
    setAside: async () => undefined,
    read: async (from, to) => (await ask(SQL.groupsOf, from, to)).map(bytesOf),
    commit: async (size, step) => {
      try {
        await writer.use(async (query) => await commitAlone(query, poll, size, step));
      } catch (cause) {
        if (cause instanceof LedgerError) throw cause;
        throw writeError("the database did not take a group", cause);
      }
    },
    close: async () => {
      await writer.close();
      await reader.close();
    },
  };
}

async function commitAlone(
  query: Query,
  poll: string,
  size: number,
  step: (others: readonly Uint8Array[]) => Promise<Append | undefined>,
): Promise<void> {
  await query(beginAlone(poll));
  const { rows: others } = await query(SQL.groupsFrom, [poll, size, END, END]);
  const append = await step(others.map(bytesOf));
  if (append !== undefined) {
    const head = append.meanwhile();
    const values = [poll, head.slot, head.size, head.bytes, append.firstIndex, append.group];
    await query(SQL.append, values);
  }
  await query("COMMIT");
}

type AskPoll = (sql: string, ...values: readonly unknown[]) => Promise<readonly Row[]>;

async function* readPages(ask: AskPoll, from: number, to: number): AsyncGenerator<Row> {
  for (let next = from; next < to; ) {
    const rows = await ask(SQL.groupsFrom, next, to, PAGE_ROWS);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    next = Number(last["first_index"]) + 1;
  }
}

/** Where the ballots of a group end that must begin at `next`. */
function checkedEnd(row: Row, group: Uint8Array, next: number): number {
  const first = Number(row["first_index"]);
  if (first > next) {
    throw new LedgerError("LEDGER_SEGMENT_MISSING", `the ballots from index ${next} are missing`);
  }
  const header = parseGroupHeader(group);
  if (header === undefined) {
    throw new LedgerError("LEDGER_TAMPERED", `the row of index ${first} holds no group`);
  }
  if (first < next || header.firstIndex !== first) {
    throw new LedgerError(
      "LEDGER_SEGMENT_FOREIGN",
      `the row of index ${first} has another's group`,
    );
  }
  return first + header.count;
}

function bytesOf(row: Row | undefined): Uint8Array {
  const value = row?.["bytes"];
  if (value instanceof Uint8Array) return value;
  throw new LedgerError("LEDGER_STORE_FAILED", "the database gave no bytes");
}

function bytesOrNone(row: Row | undefined): Uint8Array | undefined {
  return row && bytesOf(row);
}
