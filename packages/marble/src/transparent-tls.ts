import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import type { TlsConfig } from "@carrara/manifest";
import { createDialRouter } from "./dial-route.ts";
import { parseHostPort } from "./host-port.ts";
import { createNameTable } from "./name-table.ts";
import { type Method, restoreAll } from "./patch.ts";
import type { PortMap } from "./port-map.ts";
import type { PremainLog } from "./premain-log.ts";
import { renewTlsEntries } from "./renew-tls-entries.ts";
import { createTlsDialer } from "./tls-dial.ts";
import { readTlsEntries } from "./tls-entries.ts";
import { patchDial } from "./transparent-dial.ts";
import { patchListen } from "./transparent-listen.ts";
import { patchLookup } from "./transparent-lookup.ts";

/** What a process is given in place of plain sockets. */
export interface TransparentTlsOptions {
  readonly config: TlsConfig;
  readonly portMap: PortMap;
  readonly log: PremainLog;
  /** Told of handshakes that failed because one side does not know the other's authority. */
  readonly onStranger?: () => void;
}

/** Transparent TLS that is in force. */
export interface TransparentTls {
  /**
   * Checks renewed certificates and answers what puts them in force for new connections; open ones
   * stay as they are. Throws `TLS_CONFIG_INVALID` and changes nothing.
   */
  renew(config: TlsConfig): () => void;
  /** Gives the process its plain sockets back. */
  uninstall(): void;
}

/**
 * Puts this process's TCP connections under the TLS of the manifest (spec marblerun section 10.4):
 * listeners on a port of `Incoming` hand the application verified peers only, connections to an
 * address of `Outgoing` go to a peer whose certificate says the dialled name, or nowhere. The
 * application sees plain sockets that emit `connect` when the peer is verified; nothing it writes
 * leaves before. Throws `TLS_CONFIG_INVALID`.
 */
export function installTransparentTls(options: TransparentTlsOptions): TransparentTls {
  const { config, portMap, log, onStranger = () => {} } = options;
  const entries = readTlsEntries(config);
  const incoming = new Map(entries.incoming);
  const outgoing = new Map(entries.outgoing);
  const dialled = [...outgoing.keys(), ...portMap.dial.keys()].flatMap(
    (key) => parseHostPort(key)?.host ?? [],
  );
  const names = createNameTable(dialled);
  const router = createDialRouter({ outgoing, dial: portMap.dial, names });
  const lookup = dns.lookup as Method;
  const restore = restoreAll([
    patchListen({ incoming, listen: portMap.listen, log, onStranger }),
    ...patchDial({ router, dialTls: createTlsDialer(log, onStranger), lookup }),
    ...patchLookup(names),
  ]);
  syncBuiltinESMExports();
  return {
    renew: (renewed) => renewTlsEntries({ incoming, outgoing }, readTlsEntries(renewed), log),
    uninstall() {
      restore();
      syncBuiltinESMExports();
    },
  };
}
