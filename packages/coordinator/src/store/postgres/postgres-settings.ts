import { type ClientConfig, type PostgresAccess, settingsOf } from "@carrara/postgres";
import { CoordinatorError } from "../../error.ts";

/** Settings of the Coordinator's connections. Throws `CONFIG_INVALID`, whose text has nothing of the URL. */
export function postgresSettings(access: PostgresAccess): ClientConfig {
  return settingsOf(access, {
    applicationName: "carrara-coordinator",
    invalid: (fault) => new CoordinatorError("CONFIG_INVALID", fault),
  });
}
