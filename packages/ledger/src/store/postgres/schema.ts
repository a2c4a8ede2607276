import { createHash } from "node:crypto";

/** Any number, the same for every replica: two that create tables at once would fail. */
const SCHEMA_LOCK = 0x6c656467;

/** Statements that make what is missing, as one transaction. */
export const SCHEMA: string = `
  SELECT pg_advisory_xact_lock(${SCHEMA_LOCK});
  CREATE TABLE IF NOT EXISTS carrara_ledger_group (
    poll text NOT NULL, first_index bigint NOT NULL, bytes bytea NOT NULL,
    PRIMARY KEY (poll, first_index));
  CREATE TABLE IF NOT EXISTS carrara_ledger_volume (
    poll text NOT NULL, volume integer NOT NULL, bytes bytea NOT NULL,
    PRIMARY KEY (poll, volume));
  CREATE TABLE IF NOT EXISTS carrara_ledger_head (
    poll text NOT NULL, slot smallint NOT NULL, size bigint NOT NULL, bytes bytea NOT NULL,
    PRIMARY KEY (poll, slot));`;

/** Begins a transaction that no other replica of the poll is in. */
export function beginAlone(poll: string): string {
  const name = createHash("sha256").update(`carrara ledger ${poll}`).digest();
  return `BEGIN; SELECT pg_advisory_xact_lock(${name.readBigInt64BE()})`;
}

/** An older head never replaces a newer one. */
const WRITE_HEAD = `INSERT INTO carrara_ledger_head AS head (poll, slot, size, bytes)
  VALUES ($1, $2, $3, $4)
  ON CONFLICT (poll, slot) DO UPDATE SET size = excluded.size, bytes = excluded.bytes
  WHERE head.size <= excluded.size`;

/** The statements of the store. */
export const SQL: Readonly<
  Record<
    | "heads"
    | "writeHead"
    | "append"
    | "volumes"
    | "readVolume"
    | "writeVolume"
    | "groupsFrom"
    | "groupsOf"
    | "orphans",
    string
  >
> = {
  heads: "SELECT slot, bytes FROM carrara_ledger_head WHERE poll = $1",
  writeHead: WRITE_HEAD,
  append: `WITH head AS (${WRITE_HEAD})
    INSERT INTO carrara_ledger_group (poll, first_index, bytes) VALUES ($1, $5, $6)`,
  volumes: "SELECT volume FROM carrara_ledger_volume WHERE poll = $1 ORDER BY volume",
  readVolume: "SELECT bytes FROM carrara_ledger_volume WHERE poll = $1 AND volume = $2",
  writeVolume: `INSERT INTO carrara_ledger_volume (poll, volume, bytes) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING`,
  groupsFrom: `SELECT first_index, bytes FROM carrara_ledger_group
    WHERE poll = $1 AND first_index >= $2 AND first_index < $3 ORDER BY first_index LIMIT $4`,
  groupsOf: `SELECT first_index, bytes FROM carrara_ledger_group
    WHERE poll = $1 AND first_index < $3 AND first_index >= (
      SELECT coalesce(max(first_index), 0) FROM carrara_ledger_group
      WHERE poll = $1 AND first_index <= $2)
    ORDER BY first_index`,
  orphans: `SELECT 1 WHERE EXISTS (SELECT FROM carrara_ledger_group WHERE poll = $1)
    AND NOT EXISTS (SELECT FROM carrara_ledger_head WHERE poll = $1)`,
};
