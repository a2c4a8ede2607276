import { type ClientConfig, type PostgresAccess, settingsOf } from "@carrara/postgres";
import { LedgerError } from "../../error.ts";

/** Milliseconds after which a replica that is gone without a word no longer keeps others from appending. */
const IDLE_TIMEOUT_MS = 10_000;

/** Settings of the ledger's connections. Throws `LEDGER_CONFIG_INVALID`, whose text has nothing of the URL. */
export function postgresSettings(access: PostgresAccess): ClientConfig {
  const settings = settingsOf(access, {
    applicationName: "carrara-ledger",
    invalid: (fault) => new LedgerError("LEDGER_CONFIG_INVALID", fault),
  });
  return { ...settings, idle_in_transaction_session_timeout: IDLE_TIMEOUT_MS };
}
