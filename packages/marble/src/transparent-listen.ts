import { Server, Socket } from "node:net";
import type { HostPort } from "./host-port.ts";
import { type Method, type Restore, replaceMethod } from "./patch.ts";
import type { PremainLog } from "./premain-log.ts";
import type { TlsEntry } from "./tls-entries.ts";
import { createTlsTerminator, type TlsTerminator } from "./tls-terminator.ts";

/** What listeners are wrapped with and where they really listen. */
export interface ListenOptions {
  readonly incoming: ReadonlyMap<number, TlsEntry>;
  readonly listen: ReadonlyMap<number, HostPort>;
  readonly log: PremainLog;
}

/** Makes every `listen` on a port of `incoming` deliver verified TLS connections. */
export function patchListen({ incoming, listen, log }: ListenOptions): Restore {
  const terminators = new WeakMap<Server, TlsTerminator>();
  const intercepted = new WeakSet<Server>();
  return replaceMethod(Server.prototype, "listen", (original) => {
    return function listenTransparently(this: unknown, ...args: unknown[]) {
      const port = listenPortOf(args);
      if (!(this instanceof Server) || port === undefined) return original.apply(this, args);
      const entry = incoming.get(port);
      if (entry === undefined) terminators.delete(this);
      else {
        const emit = intercepted.has(this) ? undefined : interceptConnections(this, terminators);
        intercepted.add(this);
        terminators.set(this, terminatorOf(this, entry, port, emit, log));
      }
      const target = listen.get(port);
      return original.apply(this, target === undefined ? args : redirected(args, target));
    };
  });
}

const emitters = new WeakMap<Server, Method>();

