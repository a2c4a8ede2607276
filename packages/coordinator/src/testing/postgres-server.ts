import { encodePem } from "@carrara/encoding";
import {
  findPostgres,
  type PostgresServer as PlainServer,
  startPostgres as startPlain,
} from "@carrara/postgres/testing";
import { authorityNames, createAuthority } from "../core/authority.ts";

export { findPostgres };

/** A private PostgreSQL server, which offers TLS over TCP under {@link caPem}. */
export interface PostgresServer extends PlainServer {
  readonly caPem: string;
}

/** Makes and starts a server from the programs in `bin`, in a temporary directory. */
export async function startPostgres(bin: string): Promise<PostgresServer> {
  const { root } = await createAuthority(authorityNames(["localhost"], []), new Date());
  const caPem = encodePem("CERTIFICATE", root.certificate);
  const key = root.key.export({ type: "pkcs8", format: "pem" }).toString();
  return { ...(await startPlain(bin, { certificate: caPem, key })), caPem };
}
