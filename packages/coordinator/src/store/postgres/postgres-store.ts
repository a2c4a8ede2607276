import type { ClientConfig, Row } from "@carrara/postgres";
import type { MachineEntries, SealedState, StateStore, StoredState } from "../state-store.ts";
import { conflictError, storeError } from "../store-error.ts";
import { listenForChanges } from "./change-listener.ts";
import { bytesOf, connectPostgres, type PostgresClient } from "./postgres-client.ts";
import { SQL } from "./schema.ts";

/** What {@link openPostgresStore} needs. */
export interface PostgresStoreOptions {
  readonly settings: ClientConfig;
  /** Which row: several meshes may share a database. */
  readonly mesh: string;
}

/**
 * A store in PostgreSQL 12 or later: one row for a mesh, replaced by one statement that compares its
 * version; one flush of the server's log for a commit. Changes are announced with `NOTIFY`. Tables are
 * made at first use, so that the user needs the right to. Throws `STORE_FAILED`.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<StateStore> {
  const { settings, mesh } = options;
  const client = await connectPostgres(settings);
  const stops = new Set<() => Promise<void>>();
  return {
    machines: machineEntries(client, mesh),
    version: async () => {
      const [row] = await client.ask(SQL.version, [mesh]);
      return row && versionOf(row);
    },
    read: async () => {
      const [row] = await client.ask(SQL.read, [mesh]);
      return row && storedStateOf(row);
    },
    commit: async (expected, next) => await commit(client, mesh, expected, next),
    watch: (listener) => {
      const stop = listenForChanges(settings, mesh, listener);
      stops.add(stop);
      return () => {
        stops.delete(stop);
        void stop();
      };
    },
    close: async () => {
      await Promise.all([...stops].map(async (stop) => await stop()));
      await client.close();
    },
  };
}

async function commit(
  client: PostgresClient,
  mesh: string,
  expected: string | undefined,
  { data, key, witness }: SealedState,
): Promise<string> {
  const columns = [mesh, ...[data, key, witness].map(bufferOf)];
  const { rows } =
    expected === undefined
      ? await client.run(SQL.insert, columns)
      : await client.run(SQL.update, [...columns, expected]);
  const [row] = rows;
  if (row === undefined) throw conflictError();
  return versionOf(row);
}

function machineEntries(client: PostgresClient, mesh: string): MachineEntries {
  return {
    read: async (name) => {
      const [row] = await client.ask(SQL.readEntry, [mesh, name]);
      return row && bytesOf(row["value"]);
    },
    create: async (name, bytes) => {
      const { count } = await client.run(SQL.createEntry, [mesh, name, bufferOf(bytes)]);
      return count === 1;
    },
    write: async (name, bytes) => {
      await client.ask(SQL.writeEntry, [mesh, name, bufferOf(bytes)]);
    },
  };
}

function storedStateOf(row: Row): StoredState {
  const { sealed_data: data, sealed_key: key, sealed_version: witness } = row;
  return {
    version: versionOf(row),
    data: bytesOf(data),
    key: key === null ? undefined : bytesOf(key),
    witness: witness === null ? undefined : bytesOf(witness),
  };
}

function versionOf({ version }: Row): string {
  if (typeof version === "string") return version;
  throw storeError("the database gave a version of another type");
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
