export {
  findPostgres,
  type PostgresServer,
  type PostgresTls,
  startPostgres,
} from "./postgres-server.ts";
