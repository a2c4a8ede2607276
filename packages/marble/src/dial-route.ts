import { canonicalHost, type HostPort, hostPortKey } from "./host-port.ts";
import type { NameTable } from "./name-table.ts";
import type { TlsEntry } from "./tls-entries.ts";

/** Where a dialled connection really goes, and as what. */
export interface DialRoute {
  /** The host the application means: its certificate must say this name. */
  readonly name: string;
  readonly address: HostPort;
  /** `undefined`: plain, only the address differs. */
  readonly entry: TlsEntry | undefined;
}

/** The route of a dialled address; `undefined` leaves the connection alone. */
export type DialRouter = (host: string, port: number) => DialRoute | undefined;

/** Routes by `host:port`; the name behind an address is preferred (spec marblerun section 10.4). */
export function createDialRouter(options: {
  readonly outgoing: ReadonlyMap<string, TlsEntry>;
  readonly dial: ReadonlyMap<string, HostPort>;
  readonly names: NameTable;
}): DialRouter {
  const { outgoing, dial, names } = options;
  return (host, port) => {
    const given = canonicalHost(host);
    const learned = names.nameOf(given);
    for (const name of learned === undefined ? [given] : [learned, given]) {
      const key = hostPortKey({ host: name, port });
      const entry = outgoing.get(key);
      const target = dial.get(key);
      if (entry !== undefined || target !== undefined) {
        // Under its loopback address: a dialled 127.0.0.1 need not be where localhost leads.
        const own = learned === "localhost" ? given : name;
        return { name, address: target ?? { host: own, port }, entry };
      }
    }
    const standIn = learned !== undefined && names.addressOf(learned) === given;
    return standIn
      ? { name: learned, address: { host: learned, port }, entry: undefined }
      : undefined;
  };
}
