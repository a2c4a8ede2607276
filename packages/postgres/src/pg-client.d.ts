/** The client alone: the package's entry also names `pg-native`, which no image can hold. */
declare module "pg/lib/client.js" {
  import type { Client, ClientConfig } from "pg";

  const PgClient: new (config: ClientConfig) => Client;
  // biome-ignore lint/style/noDefaultExport: what Node makes of module.exports
  export default PgClient;
}
