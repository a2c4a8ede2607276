export { type Client, type ClientConfig, createClient } from "./client.ts";
export { type Connection, createConnection, type Query, type Row } from "./connection.ts";
export { type PostgresAccess, type SettingsOptions, settingsOf } from "./settings.ts";
