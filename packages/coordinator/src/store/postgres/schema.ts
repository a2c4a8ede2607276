/** Any number, the same for every Coordinator: two that create tables at once would fail. */
const SCHEMA_LOCK = 0x43617272;

/**
 * Statements that make what is missing, for one transaction. A mesh's versions start at the
 * microseconds of the clock, so that a row made anew has none that an earlier one had.
 */
export const SCHEMA: readonly string[] = [
  `SELECT pg_advisory_xact_lock(${SCHEMA_LOCK})`,
  `CREATE TABLE IF NOT EXISTS carrara_state (
     mesh text PRIMARY KEY,
     version bigint NOT NULL,
     sealed_data bytea NOT NULL,
     sealed_key bytea,
     sealed_version bytea,
     changed_at timestamptz NOT NULL DEFAULT now()
   )`,
  `CREATE TABLE IF NOT EXISTS carrara_machine (
     mesh text NOT NULL,
     name text NOT NULL,
     value bytea NOT NULL,
     PRIMARY KEY (mesh, name)
   )`,
];

/** Channel of the notifications; the payload is the mesh. */
export const CHANNEL = "carrara_state";

/** The statements of the store. Each write is one statement, and so is whole or not at all. */
export const SQL: Readonly<
  Record<
    "version" | "read" | "insert" | "update" | "readEntry" | "createEntry" | "writeEntry",
    string
  >
> = {
  version: "SELECT version FROM carrara_state WHERE mesh = $1",
  read: "SELECT version, sealed_data, sealed_key, sealed_version FROM carrara_state WHERE mesh = $1",
  insert: `WITH written AS (
      INSERT INTO carrara_state (mesh, version, sealed_data, sealed_key, sealed_version)
      VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, $2, $3, $4)
      ON CONFLICT (mesh) DO NOTHING RETURNING version)
    SELECT version, pg_notify('${CHANNEL}', $1) FROM written`,
  update: `WITH written AS (
      UPDATE carrara_state SET version = version + 1, sealed_data = $2, sealed_key = $3,
        sealed_version = $4, changed_at = now()
      WHERE mesh = $1 AND version = $5 RETURNING version)
    SELECT version, pg_notify('${CHANNEL}', $1) FROM written`,
  readEntry: "SELECT value FROM carrara_machine WHERE mesh = $1 AND name = $2",
  createEntry: `INSERT INTO carrara_machine (mesh, name, value) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING`,
  writeEntry: `INSERT INTO carrara_machine (mesh, name, value) VALUES ($1, $2, $3)
    ON CONFLICT (mesh, name) DO UPDATE SET value = excluded.value`,
};
