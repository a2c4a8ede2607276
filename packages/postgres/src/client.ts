// Rooms that compile this file from its source do not see declarations that nobody names.
/// <reference path="./pg-client.d.ts" />
import type { Client, ClientConfig } from "pg";
import PgClient from "pg/lib/client.js";

export type { Client, ClientConfig };

/** A client of `pg`, not connected yet. */
export function createClient(settings: ClientConfig): Client {
  return new PgClient(settings);
}
