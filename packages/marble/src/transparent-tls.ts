import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import type { TlsConfig } from "@carrara/manifest";
import { createDialRouter } from "./dial-route.ts";
import { parseHostPort } from "./host-port.ts";
import { createNameTable } from "./name-table.ts";
import { type Method, type Restore, restoreAll } from "./patch.ts";
import type { PortMap } from "./port-map.ts";
import type { PremainLog } from "./premain-log.ts";
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
}

/**
 * Puts this process's TCP connections under the TLS of the manifest (spec marblerun section 10.4):
 * listeners on a port of `Incoming` hand the application verified peers only, connections to an
 * address of `Outgoing` go to a peer whose certificate says the dialled name, or nowhere. The
 * application sees plain sockets that emit `connect` when the peer is verified; nothing it writes
 * leaves before. Answers what undoes it. Throws `TLS_CONFIG_INVALID`.
 */
export function installTransparentTls({ config, portMap, log }: TransparentTlsOptions): Restore {
  const { incoming, outgoing } = readTlsEntries(config);
  const dialled = [...outgoing.keys(), ...portMap.dial.keys()].flatMap(
    (key) => parseHostPort(key)?.host ?? [],
  );
  const names = createNameTable(dialled);
  const router = createDialRouter({ outgoing, dial: portMap.dial, names });
  const lookup = dns.lookup as Method;
  const restore = restoreAll([
    patchListen({ incoming, listen: portMap.listen, log }),
    ...patchDial({ router, dialTls: createTlsDialer(log), lookup }),
    ...patchLookup(names),
  ]);
  syncBuiltinESMExports();
  return () => {
    restore();
    syncBuiltinESMExports();
  };
}
